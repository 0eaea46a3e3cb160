"""TAD66K: theme-aware aesthetic scores of 66,000 Flickr photographs (IJCAI 2022). Out-of-domain.

Source: repository woshidandan/TANet; photos and labels are separate downloads. Licence: research
use; the photos stay under their owners' licences. Both bind the user.

Format: `labels/merge/train.csv` and `test.csv` (14,079 photos), header `image,score`.
Scale: 1-10; `mos` maps [1, 10] to [0, 1]. No attributes, and the number of raters is not stated.

Traps: nothing inside the train and the test file distinguishes them: the split comes from the file
name, and a file of another name has none. The test file is read first: a photo in both stays in
test.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from joppo.data.datasets.base import Label, Reject, read_rows
from joppo.data.datasets.cells import item_name, number, unit
from joppo.data.datasets.label_files import CsvRow, csv_rows, split_files

DATASET = "tad66k"
LOW, HIGH = 1.0, 10.0
FILES = {"test.csv": "test", "train.csv": "train"}


def read_tad66k(path: str | Path) -> Iterator[Label | Reject]:
    """Labels of the folder `labels/merge`, or of one of its two files.

    Raises:
        DatasetFormatError: neither file is there, or a file has not the columns.
    """
    first: dict[str, str] = {}
    for file, split in split_files(Path(path), FILES):
        yield from read_rows(file, csv_rows(file, ["image", "score"]), _parser(split), first)


def _parser(split: str | None) -> Callable[[CsvRow], Label]:
    def parse(row: CsvRow) -> Label:
        raw = number(row["score"], LOW, HIGH, "score")
        mos = unit(raw, LOW, HIGH)
        return Label(item_name(row["image"]), DATASET, mos=mos, mos_raw=raw, split=split)

    return parse
