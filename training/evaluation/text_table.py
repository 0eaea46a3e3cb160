"""A table for people, before it is a terminal's or Markdown's."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TextTable:
    """A title, a header, rows of text, and a sentence below."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str | None = None
