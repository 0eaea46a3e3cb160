"""Label files, row by row: CSV, plain lines, JSON and JSON lines, all UTF-8 with or without BOM.

Each generator yields (row number, row). A row that does not have the file's form is yielded as a
`BadRowError`; a file of another format raises `DatasetFormatError` (at the first `next`).
"""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joppo.data.datasets.base import BadRowError, DatasetFormatError
from joppo.data.datasets.cells import shown

CsvRow = dict[str, str]


class JsonPairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that no repeated key is lost."""


@contextmanager
def label_file(path: Path) -> Iterator[None]:
    """Turns every way in which a text file cannot be read into one `DatasetFormatError`."""
    try:
        yield
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte 0x{error.object[error.start]:02x})"
        raise DatasetFormatError(path, problem, "Save it as UTF-8") from error
    except FileNotFoundError as error:
        remedy = "Check the path, or download the dataset"
        raise DatasetFormatError(path, "there is no such file", remedy) from error
    except OSError as error:
        remedy = "Name a readable file"
        raise DatasetFormatError(path, f"cannot be read ({error.strerror})", remedy) from error


def csv_rows(
    path: Path, required: Sequence[str], delimiter: str = ","
) -> Iterator[tuple[int, CsvRow | BadRowError]]:
    """Rows of a CSV file with a header (line 1) that has at least the required columns."""
    with label_file(path), path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, required)
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield line, _named(header, cells)
                line = reader.line_num + 1
        except csv.Error as error:
            problem = f"is not CSV at line {reader.line_num} ({error})"
            raise DatasetFormatError(path, problem, "Check the quotes around there") from error


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Stripped lines that are not blank."""
    with label_file(path), path.open(encoding="utf-8-sig") as lines:
        for line, text in enumerate(lines, 1):
            if text.strip():
                yield line, text.strip()


def json_value(path: Path) -> Any:
    """The JSON value of a file; objects come as `JsonPairs`."""
    with label_file(path):
        text = path.read_text(encoding="utf-8-sig")
    try:
        return json.loads(text, object_pairs_hook=JsonPairs)
    except (ValueError, RecursionError) as error:
        remedy = "Download or write it again"
        raise DatasetFormatError(path, f"is not JSON ({error})", remedy) from error


def json_records(path: Path) -> Iterator[tuple[int, dict[str, Any] | BadRowError]]:
    """Objects of a JSON array, numbered from 1."""
    value = json_value(path)
    if not isinstance(value, list) or isinstance(value, JsonPairs):
        raise DatasetFormatError(path, "is not a JSON array", "Write a list of objects")
    for index, record in enumerate(value, 1):
        yield index, _object(record)


def json_entries(path: Path) -> Iterator[tuple[int, tuple[str, Any]]]:
    """(key, value) pairs of a JSON object, numbered from 1; a repeated key is yielded each time."""
    value = json_value(path)
    if not isinstance(value, JsonPairs):
        raise DatasetFormatError(path, "is not a JSON object", "Write an object keyed by photo")
    yield from enumerate(value, 1)


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | BadRowError]]:
    """Objects of a JSON-lines file, by line.

    Raises:
        DatasetFormatError: the first line is no JSON object.
    """
    is_first = True
    for line, text in text_lines(path):
        try:
            row = _object(json.loads(text, object_pairs_hook=JsonPairs))
        except (ValueError, RecursionError) as error:
            row = BadRowError(
                "not_json", f"the line is not JSON ({error}); write one object a line"
            )
        if is_first and isinstance(row, BadRowError):
            raise DatasetFormatError(path, "does not start with a JSON object", "Write one a line")
        is_first = False
        yield line, row


def split_files(path: Path, names: dict[str, str]) -> list[tuple[Path, str | None]]:
    """(file, split) of those of the named files that are in a folder; or the one file given."""
    if not path.is_dir():
        return [(path, names.get(path.name))]
    found: list[tuple[Path, str | None]] = [
        (path / name, split) for name, split in names.items() if (path / name).is_file()
    ]
    if not found:
        problem = f"holds none of {', '.join(names)}"
        raise DatasetFormatError(path, problem, "Name the dataset's folder of label files")
    return found


def _object(value: Any) -> dict[str, Any] | BadRowError:
    if not isinstance(value, JsonPairs):
        return BadRowError("not_an_object", f"{shown(value)} is not a JSON object")
    if len(dict(value)) != len(value):
        return BadRowError("repeated_key", "a key stands twice in the object; remove one")
    return dict(value)


def _check_header(path: Path, header: list[str], required: Sequence[str]) -> None:
    if not header:
        raise DatasetFormatError(path, "is empty", "Name a CSV file with a header")
    missing = [name for name in required if name not in header]
    if missing:
        found = shown(", ".join(header))
        remedy = "Name the dataset's own file, separated as stated, or map the columns"
        problem = f"has no column {', '.join(missing)} (its first line is {found})"
        raise DatasetFormatError(path, problem, remedy)
    twice = [name for name in required if header.count(name) > 1]
    if twice:
        raise DatasetFormatError(path, f"has column {twice[0]} twice", "Rename one of them")


def _named(header: list[str], cells: list[str]) -> CsvRow | BadRowError:
    if len(cells) != len(header):
        detail = (
            f"{len(cells)} cells under {len(header)} columns; quote cells that hold a separator"
        )
        return BadRowError("wrong_column_count", detail)
    return dict(zip(header, cells, strict=True))
