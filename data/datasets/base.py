"""What a reader is: the protocol, what it yields, and what it raises."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from joppo.data.taxonomy.categories import CATEGORIES

T = TypeVar("T")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Label:
    """What a dataset states about one photo; units and ranges are those of the `labels` table."""

    item: str
    """the dataset's own name of the photo: a safe path relative to its image folder"""
    dataset: str
    categories: tuple[int, ...] = ()
    """PICD ids, 1 to 24; the first one is the main category"""
    perspective: str | None = None
    """one-point, two-point or none; None where the dataset does not state it"""
    vanishing_x: float | None = None
    """fraction of the width, from the left; may lie outside [0, 1]"""
    vanishing_y: float | None = None
    """fraction of the height, from the top; may lie outside [0, 1]"""
    horizon: float | None = None
    """fraction of the height, from the top"""
    mos: float | None = None
    """mean opinion score in [0, 1]"""
    mos_raw: float | None = None
    """the same score on the dataset's scale"""
    raters: int | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)
    """name -> value, on the scale that the reader documents"""
    split: str | None = None
    """the dataset's own split (train, validation or test); None where it ships none"""

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


class Reader(Protocol):
    """Reads a label file or folder, one row at a time.

    A row that cannot be used becomes a `Reject`, and a file of another format raises
    `DatasetFormatError`; nothing is dropped without one of the two. Reading is never served from a
    cache, and all later stages are cached by the labels themselves, so a reader has no version.

    A config names a reader of your own as `kind: package.module:name`, with its keyword arguments
    under `options`:

        def read_flickr(path: str | Path, *, scale: float = 10.0) -> Iterator[Label | Reject]:
            for number, row in enumerate(csv.DictReader(open(path)), start=2):
                ...
    """

    def __call__(self, path: str | Path, **options: Any) -> Iterable[Label | Reject]: ...


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
    """(row number, result) of every row; a `BadRowError`, given or raised, becomes a `Reject`."""
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
    """Labels and rejects of all rows; of rows with the same id, the first one is kept.

    `first` maps ids to `<file name>:<row>` where each was found first. Pass one dict for files that
    belong together: a photo in both train and test would leak.
    """
    first = {} if first is None else first
    for number, result in parse_rows(file, rows, parse):
        position = f"{Path(file).name}:{number}"
        if isinstance(result, Label) and first.setdefault(result.item, position) != position:
            kept = first[result.item]
            detail = f"{result.item} stands in {kept} already, which is kept; remove one of them"
            yield Reject("read", position, "duplicate_id", detail)
        else:
            yield result
