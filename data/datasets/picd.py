"""PICD: composition categories of photographs (CVPR 2025).

Source: repository CV-xueba/PICD_ImageComposition, `labels_PICD.csv`. Licence: CC BY-NC-SA 4.0 and
the dataset's own terms of use; they bind whoever downloads it (no commercial use).

Format: UTF-8 CSV, maybe with BOM, header
`img_id,folder_name,category_id,category_abbre,category_full_name`. 49,124 rows, 49,123 ids
(`000001.jpg`, six digits). No scores, no split (data/datasets/splits.py makes a seeded one).

Traps:
- 530 rows carry several labels (`category_id` `13,8`, one of them three): all are kept, in order.
- Names in those rows have typos (`Horizontal MMiddle Part`): only `category_id` is read.
- `048594.jpg` is listed twice, with 17 and with `13,8`. The rows of one label end with 048594 and
  the rows of several begin with it, so two photos seem to have been given one number. The last row
  of an id is used, as the last file copied into a folder is the one that remains; the earlier row
  is a `duplicate_id` reject that names both label sets.
- 4,546 photos must be fetched from their sources (`image_link_public.csv`), so files are missing.
- Category 21 states that there is perspective, not which one: one-point or two-point is unknown,
  and so is its absence in the other categories. `perspective` is None throughout.
"""

from collections.abc import Iterator
from pathlib import Path

from joppo.data.datasets.base import Label, Reject, parse_rows
from joppo.data.datasets.cells import category_ids, item_name
from joppo.data.datasets.label_files import CsvRow, csv_rows

DATASET = "picd"
COLUMNS = ("img_id", "category_id")


def read_picd(path: str | Path) -> Iterator[Label | Reject]:
    """Labels of `labels_PICD.csv`; `categories` is all that is set.

    The file is read twice, so that no row has to be kept in memory until its id cannot come again.

    Raises:
        DatasetFormatError: not a UTF-8 CSV file with the columns `img_id` and `category_id`.
    """
    path = Path(path)
    last = {
        result.item: (line, result.categories)
        for line, result in _rows(path)
        if isinstance(result, Label)
    }
    for line, result in _rows(path):
        if isinstance(result, Label) and last[result.item][0] != line:
            yield _duplicate(path.name, line, result, *last[result.item])
        else:
            yield result


def _rows(path: Path) -> Iterator[tuple[int, Label | Reject]]:
    return parse_rows(path, csv_rows(path, COLUMNS), _parse)


def _parse(row: CsvRow) -> Label:
    item = item_name(row["img_id"], "img_id")
    return Label(item, DATASET, categories=category_ids(row["category_id"]))


def _duplicate(
    name: str, line: int, label: Label, kept: int, categories: tuple[int, ...]
) -> Reject:
    detail = (
        f"{label.item} has categories {_text(label.categories)} here and {_text(categories)} in "
        f"line {kept}, which is kept; look at the photo and remove the wrong row"
    )
    return Reject("read", f"{name}:{line}", "duplicate_id", detail)


def _text(categories: tuple[int, ...]) -> str:
    return ",".join(map(str, categories))
