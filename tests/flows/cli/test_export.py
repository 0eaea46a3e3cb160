"""`joppo export` writes folders that Hugging Face datasets opens."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from joppo.data.store.store import Store
from joppo.flows.cli.app import app
from tests.data.corpus.test_export import SPLITS, filled


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return filled(Store(tmp_path_factory.mktemp("corpus") / "store"))


def _export(store: Store, out: Path, *more: str) -> tuple[int, str]:
    arguments = ["export", "--to", "hf", str(out), "--store", store.root, *more]
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


def _rows(folder: Path, cache: Path) -> dict[str, int]:
    import datasets

    found = datasets.load_dataset(str(folder), cache_dir=str(cache))
    return {split: len(rows) for split, rows in found.items()}


def test_one_table_becomes_the_folder_itself(store: Store, tmp_path: Path) -> None:
    code, shown = _export(store, tmp_path / "out")
    assert code == 0 and f'load_dataset("{tmp_path}/out")' in shown
    assert _rows(tmp_path / "out", tmp_path / "hf") == SPLITS


def test_several_tables_have_a_folder_each(store: Store, tmp_path: Path) -> None:
    tables = ("sft_samples", "preferences")
    code, _ = _export(store, tmp_path / "out", *(w for t in tables for w in ("--table", t)))
    assert code == 0
    for table in tables:
        assert _rows(tmp_path / "out" / table, tmp_path / "hf" / table) == SPLITS


def test_a_folder_that_holds_something_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, shown = _export(store, tmp_path)
    assert code == 1 and "choose another folder" in shown.replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_snapshot_that_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    code, shown = _export(store, tmp_path / "out", "--version", "0" * 16)
    assert code == 1 and "0" * 16 in shown and not (tmp_path / "out").exists()
