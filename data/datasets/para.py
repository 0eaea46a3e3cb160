"""PARA: aesthetics and attributes of 31,220 photographs (CVPR 2022). Out-of-domain benchmark.

Source: the authors' download, on request. Licence: research only; it binds the user.

Format: `annotation/PARA-GiaaTrain.csv` and `PARA-GiaaTest.csv` (3,000 photos), one row a photo;
photos at `imgs/<sessionId>/<imageName>`, so the item is `session144/iaa_pub10022_.jpg`. Columns
`imageName, sessionId, semantic, aestheticScore_1.0 ... _5.0` (nine bins of votes),
`aestheticScore_mean, aestheticScore_std`, then bins, `_mean` and `_std` of further scores.

Scale: means are 1-5. `mos` is `aestheticScore_mean` mapped from [1, 5] to [0, 1]; `attributes` are
the other means mapped from [1, 5] to [-1, 1], under the rubric's names: composition, color,
depth_of_field (`dofScore`), light, content (`contentScore`), and quality. `raters` is the sum of
the nine bins where they are whole numbers.

Traps: `PARA-Images.csv` holds single raters and is not read. `contentPreference` measures something
else than `contentScore`. File names repeat across sessions, so the session belongs to the id. The
test file is read first: a photo in both stays in test.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from joppo.data.datasets.base import Label, Reject, read_rows
from joppo.data.datasets.cells import cell, item_name, number, unit
from joppo.data.datasets.label_files import CsvRow, csv_rows, split_files
from joppo.data.datasets.rubric_attributes import Column, RubricMapping, rubric_attributes

DATASET = "para"
LOW, HIGH = 1.0, 5.0
FILES = {"PARA-GiaaTest.csv": "test", "PARA-GiaaTrain.csv": "train"}
TOTAL = "aestheticScore_mean"
RUBRIC: RubricMapping = {
    "composition": (Column("compositionScore_mean", LOW, HIGH),),
    "color": (Column("colorScore_mean", LOW, HIGH),),
    "depth_of_field": (Column("dofScore_mean", LOW, HIGH),),
    "light": (Column("lightScore_mean", LOW, HIGH),),
    "content": (Column("contentScore_mean", LOW, HIGH),),
    "quality": (Column("qualityScore_mean", LOW, HIGH),),
}
_COLUMNS = [column.name for columns in RUBRIC.values() for column in columns]
_BINS = [f"aestheticScore_{half / 2:.1f}" for half in range(2, 11)]


def read_para(path: str | Path) -> Iterator[Label | Reject]:
    """Labels of the folder `annotation`, or of one of its two files.

    Raises:
        DatasetFormatError: neither file is there, or a file has not the columns.
    """
    path, first = Path(path), dict[str, str]()
    for file, split in split_files(path, FILES):
        rows = csv_rows(file, ["imageName", "sessionId", TOTAL, *_COLUMNS])
        yield from read_rows(file, rows, _parser(split), first)


def _parser(split: str | None) -> Callable[[CsvRow], Label]:
    def parse(row: CsvRow) -> Label:
        session, name = cell(row, "sessionId"), cell(row, "imageName")
        raw = number(row[TOTAL], LOW, HIGH, TOTAL)
        return Label(
            item_name(f"{session.strip()}/{name.strip()}"),
            DATASET,
            mos=unit(raw, LOW, HIGH),
            mos_raw=raw,
            raters=_raters(row),
            attributes=rubric_attributes(row, RUBRIC),
            split=split,
        )

    return parse


def _raters(row: CsvRow) -> int | None:
    if not all(name in row for name in _BINS):
        return None
    votes = [number(row[name], 0, 10**6, name) for name in _BINS]
    return int(sum(votes)) if all(vote == int(vote) for vote in votes) else None
