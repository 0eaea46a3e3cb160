"""What a dataset's own scores say about the attributes of the photography rubric.

A reader states for each attribute the columns that it rests on, with their scales. The value is the
mean of the columns, each mapped to [-1, 1]; where one of them is missing, so is the attribute.
docs/reasoning.md shows the mappings of all readers in one table.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from joppo.data.datasets.cells import number, signed_unit


class Column(NamedTuple):
    """A column with its scale: `low` becomes -1, `high` becomes 1."""

    name: str
    low: float = -1.0
    high: float = 1.0


RubricMapping = Mapping[str, tuple[Column, ...]]
"""Attribute of the rubric -> the columns whose mean it is."""


def rubric_attributes(values: Mapping[str, Any], mapping: RubricMapping) -> dict[str, float]:
    """Attributes in [-1, 1] by name, those alone whose columns are all there.

    Raises:
        BadRowError: a value is no number, or outside its column's scale.
    """
    return {
        attribute: sum(_value(values, column) for column in columns) / len(columns)
        for attribute, columns in mapping.items()
        if all(column.name in values for column in columns)
    }


def _value(values: Mapping[str, Any], column: Column) -> float:
    low, high = column.low, column.high
    return signed_unit(number(values[column.name], low, high, column.name), low, high)
