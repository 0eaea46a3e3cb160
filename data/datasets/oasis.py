"""OASIS: 243 photographs without people, rated for beauty, valence and arousal.

Source: bkurdi/shiny-server (photos, valence, arousal) and aenneb/OASIS-beauty (beauty); the photos
are from Pixabay. Licence: open for research use; it binds the user.

Format: `ratings.csv`, header `image,theme,category,beauty_mean,beauty_sd,n,valence_mean,
arousal_mean`; photos `acorns_1.jpg` beside it. `category` is Animal, Object or Scenery and
unrelated to composition.

Scale: 1-7 each. `mos` maps `beauty_mean` from [1, 7] to [0, 1]; `attributes` map valence and
arousal from [1, 7] to [-1, 1]. `raters` is `n`, the people behind the beauty score (104-368). No
split.

Traps: beauty of the depicted is not composition: it is a real mean opinion with a real spread, for
tests and demonstrations.
"""

from collections.abc import Iterator
from pathlib import Path

from joppo.data.datasets.base import Label, Reject, read_rows
from joppo.data.datasets.cells import count, item_name, number, signed_unit, unit
from joppo.data.datasets.label_files import CsvRow, csv_rows

DATASET = "oasis"
LOW, HIGH = 1.0, 7.0
ATTRIBUTES = {"valence": "valence_mean", "arousal": "arousal_mean"}


def read_oasis(path: str | Path) -> Iterator[Label | Reject]:
    """Labels of `ratings.csv`.

    Raises:
        DatasetFormatError: not a UTF-8 CSV file with the columns.
    """
    path = Path(path)
    columns = ["image", "beauty_mean", "n", *ATTRIBUTES.values()]
    yield from read_rows(path, csv_rows(path, columns), _parse)


def _parse(row: CsvRow) -> Label:
    raw = number(row["beauty_mean"], LOW, HIGH, "beauty_mean")
    values = {name: number(row[column], LOW, HIGH, column) for name, column in ATTRIBUTES.items()}
    return Label(
        item_name(row["image"], "image"),
        DATASET,
        mos=unit(raw, LOW, HIGH),
        mos_raw=raw,
        raters=count(row["n"], "n"),
        attributes={name: signed_unit(value, LOW, HIGH) for name, value in values.items()},
    )
