"""CADB beside PICD, as the profiles have them: what SFT teaches is what JoPPO asks for."""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from joppo.data.corpus.query import run_query
from joppo.data.questions.answer_format import AnswerFormat, parse_answer
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.build_sft_data import build_sft_data
from tests.data.datasets.cadb_miniature import write_cadb
from tests.data.datasets.reading import FIXTURES
from tests.flows.test_build_photos import photo
from tests.paths import CONFIGS

NAMES = tuple(load_rubric().names)
PROFILES = ("paper", "single-gpu")


def sources_of(profile: str) -> list[dict[str, Any]]:
    """The sources of a shipped build, its folder of datasets being the config's own folder."""
    text = (CONFIGS / profile / "build-sft-data.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text.replace("../../datasets/", ""))
    BuildSftDataConfig.model_validate(values)
    sources: list[dict[str, Any]] = values["sources"]
    return sources


def build(base: Path, sources: list[dict[str, Any]]) -> Store:
    config = {"sources": sources, "reasoning": {"templates_per_image": {"aesthetic": 4}}}
    (base / "build.yaml").write_text(yaml.safe_dump(config))
    build_sft_data(str(base / "build.yaml"), store=str(base / "store"))
    return Store(base / "store")


def count(store: Store, sql: str) -> int:
    (row,) = run_query(store, f"SELECT count(*) AS n {sql}").to_pylist()
    return int(row["n"])


def full_answers(store: Store) -> Counter[str]:
    """Splits of the conversations whose answer has the total and all attributes, parsed."""
    found: Counter[str] = Counter()
    for row in run_query(store, "FROM sft_samples WHERE answer LIKE 'Score:%, %'").to_pylist():
        answer = parse_answer(row["answer"], AnswerFormat("score", NAMES))
        assert set(answer.attributes) == set(NAMES)
        found[row["split"]] += 1
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_both_profiles_read_cadb_and_picd(profile: str) -> None:
    assert [source["kind"] for source in sources_of(profile)] == ["cadb", "picd"]


@pytest.mark.usefixtures("prefect_backend")
def test_conversations_teach_the_whole_answer_and_validation_photos_have_scores(
    tmp_path: Path,
) -> None:
    write_cadb(tmp_path / "CADB_Dataset", 60, 6, photo)
    shutil.copytree(FIXTURES / "picd", tmp_path / "PICD")
    (tmp_path / "PICD" / "images").mkdir()
    photo(tmp_path / "PICD" / "images" / "000001.jpg", 1000)
    store = build(tmp_path, sources_of("single-gpu"))
    scored = "FROM preferences WHERE task = 'score'"
    assert count(store, scored) == 66
    assert count(store, f"{scored} AND split = 'test'") == 6
    assert 8 <= count(store, f"{scored} AND split = 'validation'") <= 12
    assert full_answers(store)["train"] >= 30
    # Extremes among attributes are asked about as well, by name.
    assert count(store, "FROM sft_samples WHERE template_id LIKE 'aesthetic-choice%'") > 0


@pytest.mark.usefixtures("prefect_backend")
@pytest.mark.parametrize("seed", [11, 12])
def test_the_datasets_in_miniature_with_real_photographs(
    real_data: Path, tmp_path: Path, seed: int
) -> None:
    tool = real_data.parent / "tools" / "make_datasets.py"
    if not tool.is_file():
        pytest.skip(f"{tool} is not there")
    run = [sys.executable, str(tool), str(real_data / "oasis"), str(tmp_path), "--seed", str(seed)]
    subprocess.run(run, check=True, capture_output=True)
    store = build(tmp_path, sources_of("paper"))
    assert full_answers(store)["train"] >= 20
    assert count(store, "FROM preferences WHERE task = 'score' AND split = 'validation'") >= 8
    assert count(store, "FROM preferences WHERE task = 'score' AND split = 'test'") == 10
