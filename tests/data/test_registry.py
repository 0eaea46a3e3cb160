"""Parts by name: built in, and anybody's own."""

import sys
from pathlib import Path

import pytest

from joppo.data.registry import Registry, UnknownPartError

SHAPES: Registry[type] = Registry("number", {"fraction": "fractions:Fraction"})


def test_a_built_in_part_is_found_by_its_name() -> None:
    assert SHAPES.names == ["fraction"]
    assert SHAPES.get("fraction").__name__ == "Fraction"
    assert SHAPES.check("fraction") == "fraction"


def test_any_object_that_python_imports_is_a_part() -> None:
    assert SHAPES.get("decimal:Decimal").__name__ == "Decimal"


def test_a_module_of_the_working_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parts_of_mine.py").write_text("class Half: ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    assert SHAPES.get("parts_of_mine:Half").__name__ == "Half"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fractoin", "no number 'fractoin'; there are: fraction, or your own as"),
        ("decimal:Decimul", "decimal has no Decimul"),
        ("no_such_module:Part", "cannot import no_such_module"),
        (":Part", "no number ':Part'"),
        ("decimal:", "no number 'decimal:'"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(name: str, why: str) -> None:
    with pytest.raises(UnknownPartError, match=why.replace("(", r"\(")):
        SHAPES.check(name)
