"""Ids of models on a hub, with and without a revision."""

from pathlib import Path

import pytest

from joppo.data.store.hub_id import split_revision


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("org/name", ("org/name", None)),
        ("org/name@v1.0", ("org/name", "v1.0")),
        ("org/name@refs/pr/3", ("org/name", "refs/pr/3")),
    ],
)
def test_a_revision_follows_the_id(model: str, parts: tuple[str, str | None]) -> None:
    assert split_revision(model) == parts


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    folder = tmp_path / "base@home"
    folder.mkdir()
    assert split_revision(str(folder)) == (str(folder), None)
