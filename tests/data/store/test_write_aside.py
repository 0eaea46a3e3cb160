from pathlib import Path

import pytest

from joppo.data.store.write_aside import replace_folder, write_aside


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    with write_aside(path) as aside:
        aside.write_text("half")
        assert not path.exists()
        assert aside.parent == path.parent and aside.suffix == ".csv"
        aside.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("folder", [False, True])
def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path, folder: bool) -> None:
    path = tmp_path / "old"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half way"), write_aside(path) as aside:
        if folder:
            aside.mkdir()
            aside = aside / "part"
        aside.write_text("new")
        raise RuntimeError("half way")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_can_be_written_aside_and_replaces_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    with write_aside(path) as aside:
        aside.mkdir()
        (aside / "one").write_text("1")
    assert [file.name for file in path.iterdir()] == ["one"]


def test_a_folder_replaces_another_with_its_files(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / folder.name).write_text("")
    replace_folder(new, old)
    assert [file.name for file in old.iterdir()] == ["new"] and not new.exists()
