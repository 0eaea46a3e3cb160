"""docs/python.md shows every public name, and its code runs as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import joppo
from joppo.data.corpus.publish import publish
from joppo.data.store.store import Store
from tests.data.corpus_rows import small_corpus
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^## (.+?)\n\n```python\n(.+?)```", PAGE, re.M | re.S))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two photographs and a corpus, as the page takes for granted."""
    (tmp_path / "photos").mkdir()
    for name, angle in (("a", 0), ("b", 90)):
        photo = Image.linear_gradient("L").rotate(angle).resize((96, 64)).convert("RGB")
        photo.save(tmp_path / "photos" / f"{name}.jpg")
    store = Store(tmp_path / "store")
    publish(store, small_corpus(store), config_hash="c0", inputs={})
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JOPPO_STORE", raising=False)
    return tmp_path


def run(title: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[title], f"docs/python.md: {title}", "exec"), names)
    return names


def test_every_public_name_is_shown_in_a_few_lines() -> None:
    assert PAGE.count("```python") == len(BLOCKS)
    shown = "".join(BLOCKS.values())
    assert [name for name in joppo.__all__ if not re.search(rf"\b{name}\b", shown)] == []
    for title, code in BLOCKS.items():
        assert len([line for line in code.splitlines() if line]) <= 5, title


def test_the_judge_scores_and_compares(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("Judge")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[0].startswith("photos/a.jpg ")
    assert lines[2].startswith("a.jpg wins with 0.")
    assert set(names["result"].attributes) == set(joppo.load_rubric().names)
    assert not (here / "scores").exists()


def test_rewards_have_a_value_per_candidate() -> None:
    names = run("joint_fidelity, thurstone_fidelity, JointRewardConfig")
    for rewards in (names["rewards"], names["single"]):
        assert rewards.shape == (8, 6)
        assert ((rewards >= 0) & (rewards <= 1)).all() and rewards.std() > 0


def test_the_corpus_opens(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("open_corpus")
    assert names["labels"].column_names == ["image_id", "mos"] and names["labels"].num_rows > 0
    assert "abbreviation" in capsys.readouterr().out


def test_the_rubric_names_its_attributes(capsys: pytest.CaptureFixture[str]) -> None:
    run("load_rubric")
    shown = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert shown == joppo.load_rubric().names


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run("Version")
    assert capsys.readouterr().out == f"{joppo.__version__}\n"
