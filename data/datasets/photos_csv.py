"""Own photos with a CSV file: columns of any names, mapped by a config.

Source, licence and size: the user's. Format: UTF-8 CSV with a header and one row a photo, whose
file name is relative to the image folder. What a column means is stated in `ColumnMapping`.

Scale: `mos` maps the stated `scale` to [0, 1]; an attribute maps its stated scale to [-1, 1].

Traps: a score without a stated scale is refused, because no range can be guessed from values. A
column of words (a theme, a folder) becomes categories through `category_values`. An empty cell is
unknown, so photos with scores and photos with categories may share one file.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from joppo.data.config import StageConfig
from joppo.data.datasets.base import BadRowError, Label, Reject, read_rows
from joppo.data.datasets.cells import (
    category_ids,
    count,
    item_name,
    number,
    shown,
    signed_unit,
    unit,
)
from joppo.data.datasets.label_files import CsvRow, csv_rows
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.rubrics import AttributeName

PERSPECTIVES = {name: name for name in ("one-point", "two-point", "none")}
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
CategoryId = Annotated[int, Field(ge=1, le=len(CATEGORIES))]


class AttributeColumn(StageConfig):
    """A column with an attribute on the scale [low, high]."""

    column: str
    """name of the column"""
    low: float = -1.0
    """its lowest value, which becomes -1"""
    high: float = 1.0
    """its highest value, which becomes 1"""

    @model_validator(mode="after")
    def _ordered(self) -> "AttributeColumn":
        if not self.low < self.high:
            raise ValueError(f"scale of column {self.column}: low must be less than high")
        return self


class ColumnMapping(StageConfig):
    """Which column holds what; None for what the file does not state."""

    image: str = "image"
    """column with the photo's file name"""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """the character between two cells"""
    mos: str | None = None
    """column with the mean opinion score"""
    scale: tuple[float, float] | None = None
    """lowest and highest mean opinion score, which become 0 and 1; needed with `mos`"""
    raters: str | None = None
    """column with the number of people who scored the photo"""
    categories: str | None = None
    """column with the composition categories"""
    category_values: dict[str, list[CategoryId]] | None = None
    """word in the column -> ids of PICD categories; None where it holds the ids"""
    perspective: str | None = None
    """column with the kind of perspective"""
    vanishing_x: str | None = None
    """column with the vanishing point's horizontal place"""
    vanishing_y: str | None = None
    """column with the vanishing point's vertical place"""
    horizon: str | None = None
    """column with the horizon's height"""
    split: str | None = None
    """column with train, validation or test"""
    attributes: dict[AttributeName, AttributeColumn] = Field(default_factory=dict)
    """attribute -> its column"""

    @model_validator(mode="after")
    def _complete(self) -> "ColumnMapping":
        if self.mos is not None and self.scale is None:
            raise ValueError("mos needs scale: low and high end of the scores, e.g. [1, 10]")
        if self.scale is not None and not self.scale[0] < self.scale[1]:
            raise ValueError("scale must be [low, high] with low < high")
        if self.category_values is not None and self.categories is None:
            raise ValueError("category_values needs categories: the column that holds the words")
        return self

    def columns(self) -> list[str]:
        """All columns that the file must have."""
        single = [self.image, self.mos, self.raters, self.categories, self.perspective]
        single += [self.vanishing_x, self.vanishing_y, self.horizon, self.split]
        named = [name for name in single if name is not None]
        return [*named, *(one.column for one in self.attributes.values())]


def read_photos_csv(
    path: str | Path, columns: ColumnMapping | None = None, dataset: str = "photos"
) -> Iterator[Label | Reject]:
    """Labels of a CSV file. An empty cell is unknown; only the image must be named.

    Raises:
        DatasetFormatError: not a UTF-8 CSV file with the mapped columns.
    """
    mapping = columns or ColumnMapping()
    rows = csv_rows(Path(path), list(dict.fromkeys(mapping.columns())), mapping.delimiter)
    yield from read_rows(path, rows, _parser(mapping, dataset))


def _parser(mapping: ColumnMapping, dataset: str) -> Callable[[CsvRow], Label]:
    def parse(row: CsvRow) -> Label:
        raw, mos = _score(row, mapping)
        raters = _optional(row, mapping.raters)
        return Label(
            item_name(row[mapping.image], mapping.image),
            dataset,
            categories=_categories(row, mapping),
            perspective=_one_of(row, mapping.perspective, PERSPECTIVES),
            vanishing_x=_position(row, mapping.vanishing_x),
            vanishing_y=_position(row, mapping.vanishing_y),
            horizon=_position(row, mapping.horizon),
            mos=mos,
            mos_raw=raw,
            raters=None if raters is None else count(raters, str(mapping.raters)),
            attributes=_attributes(row, mapping),
            split=_one_of(row, mapping.split, SPLIT_NAMES),
        )

    return parse


def _optional(row: CsvRow, column: str | None) -> str | None:
    return None if column is None else row[column].strip() or None


def _score(row: CsvRow, mapping: ColumnMapping) -> tuple[float | None, float | None]:
    if mapping.mos is None or mapping.scale is None:
        return None, None
    value = _optional(row, mapping.mos)
    if value is None:
        return None, None
    raw = number(value, *mapping.scale, mapping.mos)
    return raw, unit(raw, *mapping.scale)


def _categories(row: CsvRow, mapping: ColumnMapping) -> tuple[int, ...]:
    value = _optional(row, mapping.categories)
    if value is None:
        return ()
    if mapping.category_values is None:
        return category_ids(value)
    if value not in mapping.category_values:
        detail = f"{mapping.categories} {shown(value)} is not in category_values; add it there"
        raise BadRowError("unknown_category", detail)
    return tuple(mapping.category_values[value])


def _attributes(row: CsvRow, mapping: ColumnMapping) -> dict[str, float]:
    found = {}
    for name, spec in mapping.attributes.items():
        value = _optional(row, spec.column)
        if value is not None:
            raw = number(value, spec.low, spec.high, spec.column)
            found[name] = signed_unit(raw, spec.low, spec.high)
    return found


def _position(row: CsvRow, column: str | None) -> float | None:
    """A fraction of width or height; a vanishing point may lie outside of the frame."""
    value = _optional(row, column)
    return None if value is None else number(value, -math.inf, math.inf, str(column))


def _one_of(row: CsvRow, column: str | None, values: dict[str, str]) -> str | None:
    value = _optional(row, column)
    if value is None:
        return None
    if value.lower() not in values:
        detail = f"{column} is {shown(value)}; write one of {', '.join(values)}"
        raise BadRowError("unknown_value", detail)
    return values[value.lower()]
