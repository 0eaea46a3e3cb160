"""What every reader yields, and what it raises.

A reader is a generator `read_xxx(path, ...) -> Iterator[Label | Reject]` that holds one row at a
time. A row that cannot be used is a `Reject`; a file that is not the format at all raises
`DatasetFormatError`. Nothing is dropped without one of the two.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from joppo.data.taxonomy.categories import CATEGORIES

T = TypeVar("T")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Label:
    """What a dataset says of one photo; units and ranges are those of the `labels` table.

    `item` is the dataset's own name of the photo, a safe path relative to its image folder.
    `categories` are PICD ids 1-24; `mos` is in [0, 1], `mos_raw` on the dataset's scale;
    `attributes` stand on the scale that the reader states; `split` is the dataset's own split
    (train, validation or test), None where it ships none.
    """

    item: str
    dataset: str
    categories: tuple[int, ...] = ()
    perspective: str | None = None
    vanishing_x: float | None = None
    vanishing_y: float | None = None
    horizon: float | None = None
    mos: float | None = None
    mos_raw: float | None = None
    raters: int | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)
    split: str | None = None

    @property
    def element(self) -> str | None:
        """Element of the first category (point, line, shape, ...)."""
        return CATEGORIES[self.categories[0]].element if self.categories else None

    @property
    def arrangement(self) -> str | None:
        """Arrangement of the first category."""
        return CATEGORIES[self.categories[0]].arrangement if self.categories else None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form, the fields by name."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {
            "categories": list(self.categories),
            "attributes": dict(self.attributes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Label":
        """The inverse of `as_dict`.

        Raises:
            TypeError: an unknown field, or no item or dataset.
        """
        return cls(**{**values, "categories": tuple(values.get("categories", ()))})


@dataclass(frozen=True, slots=True)
class Reject:
    """One dropped item, as a row of the `rejects` table.

    A reader's `item` is `<file name>:<row>`: the line of a text file (the header is line 1), the
    record's number, from 1, in a JSON file. `reason` is snake_case, `detail` holds the remedy.
    """

    stage: str
    item: str
    reason: str
    detail: str

    def as_row(self) -> dict[str, str]:
        """The row of the `rejects` table."""
        return {name: getattr(self, name) for name in self.__slots__}


class DatasetFormatError(ValueError):
    """A file is not of the stated format: one message with file, problem and remedy."""

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        super().__init__(str(path), problem, remedy)
        self.path, self.problem, self.remedy = str(path), problem, remedy

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}. {self.remedy}"


class BadRowError(ValueError):
    """Raised inside a reader for a row that cannot be used; it becomes a `Reject`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def parse_rows(
    file: Path | str, rows: Iterable[tuple[int, T | BadRowError]], parse: Callable[[T], Label]
) -> Iterator[tuple[int, Label | Reject]]:
    """(row number, result) of every row; a `BadRowError`, met or raised, becomes a `Reject`."""
    name = Path(file).name
    for number, row in rows:
        try:
            if isinstance(row, BadRowError):
                raise row
            yield number, parse(row)
        except BadRowError as error:
            yield number, Reject("read", f"{name}:{number}", error.reason, error.detail)


def read_rows(
    file: Path | str,
    rows: Iterable[tuple[int, T | BadRowError]],
    parse: Callable[[T], Label],
    first: dict[str, str] | None = None,
) -> Iterator[Label | Reject]:
    """Labels and rejects of all rows; of rows with the same id, the first one stands.

    `first` maps ids to the places where they were met; pass one dict for files that belong together
    (a photo in both train and test would leak).
    """
    first = {} if first is None else first
    for number, result in parse_rows(file, rows, parse):
        place = f"{Path(file).name}:{number}"
        if isinstance(result, Label) and first.setdefault(result.item, place) != place:
            kept = first[result.item]
            detail = f"{result.item} stands in {kept} already, which is kept; remove one of them"
            yield Reject("read", place, "duplicate_id", detail)
        else:
            yield result
