"""Commands start quickly. What they import is tested: clocks say little on a busy machine."""

from pathlib import Path

from joppo.data.corpus.publish import publish
from joppo.data.store.store import Store
from tests.data.corpus_rows import small_corpus
from tests.heavy_imports import heavy_imports

JOPPO = """
from importlib.metadata import entry_points
(command,) = entry_points(group="console_scripts", name="joppo")
import sys
sys.argv = ["joppo", *{arguments!r}]
try:
    command.load()()
except SystemExit as end:
    assert not end.code, end.code
"""


def imported_by(*arguments: str) -> set[str]:
    return heavy_imports(JOPPO.format(arguments=arguments))


def test_help_imports_nothing_heavy() -> None:
    assert imported_by("--help") == set()
    assert imported_by("score", "--help") <= {"pydantic"}  # typer looks for its models


def test_a_query_imports_what_it_reads_with_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, small_corpus(store), config_hash="c0", inputs={})
    loaded = imported_by("query", "FROM category_balance", "--store", store.root)
    assert {"duckdb", "pyarrow"} <= loaded <= {"duckdb", "numpy", "pyarrow", "pydantic"}
