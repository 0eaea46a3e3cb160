"""docs/extend.md is a project that works: it is built, trained and scored as the page has it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from joppo.data.corpus.query import run_query
from joppo.data.store.store import Store
from joppo.flows.build_sft_data import build_sft_data
from joppo.flows.train_joppo import train_joppo
from joppo.training.models.base_model import read_lineage
from tests.data.pictures import painting, png
from tests.paths import ROOT

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(900)]

PAGE = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.+?)```", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, eight photos with their ratings, and one row that cannot be used."""
    folder = tmp_path_factory.mktemp("shop")
    for name, content in BLOCKS:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{content}\n")
    (folder / "photos").mkdir()
    rows = ["photo,stars,sharp,noise"]
    for number in range(8):
        (folder / "photos" / f"{number}.png").write_bytes(png(painting(number)))
        rows.append(f"{number}.png,{number / 2 + 0.5},{number % 5},{5 - number % 5}")
    (folder / "shop.csv").write_text("\n".join([*rows, "8.png,many,1,1", ""]))
    return folder


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as the working directory."""
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return project


def joppo(folder: Path, *arguments: str) -> str:
    """What the command prints, from a process of its own that starts in the project."""
    main = "from joppo.flows.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", main, *arguments], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def scores(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "scores" / "scores.json").read_text())[
        "scores"
    ]
    return rows


def test_every_kind_of_part_has_an_example() -> None:
    titles = re.findall(r"^## (.+)$", PAGE, re.M)
    kinds = ["rubric", "reader", "teacher", "Question templates", "reward", "judge"]
    assert [kind for kind in kinds if not any(kind in title for title in titles)] == []
    assert {name for name, _ in BLOCKS} == {
        "build.yaml",
        "my_parts.py",
        "quality.yaml",
        "score.yaml",
        "shop_questions.yaml",
        "train-joppo.yaml",
    }


def test_built_trained_and_scored_with_parts_of_ones_own(here: Path) -> None:
    store = Store(here / "store")
    build_sft_data("build.yaml", store=store.root)
    samples = run_query(store, "FROM sft_samples").to_pylist()
    assert len(samples) == 8
    assert {one["template_id"] for one in samples} == {"shop-score@1"}
    assert {one["provider"] for one in samples} == {"my_parts:Foreman"}
    assert all("sharpness" in one["answer"] and "noise" in one["answer"] for one in samples)
    (reject,) = run_query(store, "FROM rejects").to_pylist()
    assert (reject["item"], reject["reason"]) == ("shop.csv:10", "bad_score")

    model = Path(train_joppo("train-joppo.yaml", store=store.root))
    about = read_lineage(model)
    assert about is not None and about["config"]["reward"] == "my_parts:closeness"

    joppo(here, "score", "photos", "--judge", str(model), "--config", "score.yaml", "--no-html")
    assert len(scores(here)) == 8


def test_photos_are_scored_with_a_judge_of_ones_own(here: Path) -> None:
    joppo(here, "score", "photos", "--config", "score.yaml", "--no-html")
    assert len(scores(here)) == 8
    assert all(one["judge"].startswith("daylight@") and one["rank"] for one in scores(here))
