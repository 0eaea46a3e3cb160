"""`joppo rehearse`: every profile's own configs run from labels to a merged judge, in small."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.artifacts import Artifact
from typer.testing import CliRunner

from joppo.data.corpus.query import run_query
from joppo.data.store.store import Store
from joppo.flows.cli.app import app
from tests.data.datasets.miniatures import make_datasets
from tests.mocks.llm_servers import Faults, LLMServer
from tests.paths import CONFIGS

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(1200)]

PHOTOS = 24
"""twelve of them scored: as few as let the calibration run"""


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_datasets(tmp_path_factory.mktemp("datasets"), seed=3)


def rehearse(profile: str | Path, store: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Exit code, output and report of the command."""
    done = CliRunner().invoke(
        app, ["rehearse", str(profile), "--store", str(store), "--photos", str(PHOTOS), *options]
    )
    return done.exit_code, done.output, json.loads((store / "rehearsal.json").read_text())


@pytest.mark.parametrize("profile", ["single-gpu", "paper"])
def test_the_profile_runs_from_labels_to_a_merged_judge(
    profile: str, datasets: Path, tmp_path: Path
) -> None:
    options = ("--tiny", "--offline", "--datasets", str(datasets))
    code, output, report = rehearse(CONFIGS / profile, tmp_path, *options)
    statuses = {row["stage"]: (row["status"], row["reason"]) for row in report["stages"]}
    assert code == 0 and {status for status, _ in statuses.values()} == {"passed"}, statuses
    stages = {row["stage"]: row for row in report["stages"]}
    assert all(row["seconds"] > 0 and row["memory_gib"] > 0.05 for row in stages.values())

    store = Store(tmp_path)
    counts = {row["figure"]: row["value"] for row in stages["build"]["figures"]}
    assert counts["photos"] == PHOTOS and counts["images made"] > 0
    assert counts["control maps"] > 0 and counts["SFT samples"] > 0
    asked = run_query(store, "SELECT DISTINCT provider FROM responses").to_pylist()
    assert asked == [{"provider": "grounded"}]

    joppo = {row["figure"]: row["value"] for row in stages["train-joppo"]["figures"]}
    assert joppo["parse_rate"] > 0
    assert any(name.startswith("health/") for name in joppo)

    config = yaml.safe_load((CONFIGS / profile / "evaluate-judge.yaml").read_text())
    figures = stages["evaluate"]["figures"]
    assert {row["set"] for row in figures} == {one["name"] for one in config["sets"]}
    for row in figures:
        assert row["questions"] > 0
        assert {"srcc", "plcc"} <= row.keys() or "accuracy" in row
    assert list(tmp_path.glob("scores/*.html"))
    assert (tmp_path / "merged" / "model.safetensors").is_file()

    assert report["forecast"] and all(row["amount"] > 0 for row in report["forecast"])
    named = [one["name"] for one in _endpoints(config)]
    assert report["not_asked"] == named and all(
        f"not asked, because --offline: {name}" in output for name in named
    )
    for row in report["stages"]:
        assert row["stage"] in output
    table = Artifact.get("rehearsal")
    assert table is not None


def _endpoints(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["teacher"] for one in config["judges"] if isinstance(one, dict)]


def test_a_dataset_that_is_not_there_is_named_before_anything_runs(tmp_path: Path) -> None:
    options = ("--tiny", "--offline", "--datasets", str(tmp_path / "nowhere"))
    code, _, report = rehearse(CONFIGS / "paper", tmp_path / "store", *options)
    first, *others = report["stages"]
    assert code == 1 and first["status"] == "failed"
    assert str(tmp_path / "nowhere" / "CADB_Dataset") in first["reason"]
    assert {row["status"] for row in others} == {"not run"}
    assert others[0]["reason"] == "needs labels"


def test_teachers_and_judges_behind_apis_are_asked_within_the_cap(
    datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper's profile against servers of OpenAI's and Gemini's form, in place of --offline."""
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")
    monkeypatch.setenv("GEMINI_API_KEY", "gemini-key")
    profile, store = tmp_path / "mine", tmp_path / "store"
    with LLMServer(Faults()) as server:
        shutil.copytree(CONFIGS / "paper", profile)
        for name in ("build-sft-data", "evaluate-judge", "score-photos"):
            path = profile / f"{name}.yaml"
            values = yaml.safe_load(path.read_text())
            for teacher in _teachers(values):
                gemini = teacher["provider"] == "gemini"
                teacher["base_url"] = f"http://127.0.0.1:{server.port}{'' if gemini else '/v1'}"
            path.write_text(yaml.safe_dump(values))
        options = ("--tiny", "--datasets", str(datasets), "--usd", "0.5")
        code, output, report = rehearse(profile, store, *options)
        stages = {row["stage"]: row for row in report["stages"]}
        assert code == 0, {name: row["reason"] for name, row in stages.items()}
        assert server.keys >= {"openai-key", "gemini-key"}
    asked = run_query(Store(store), "SELECT DISTINCT provider FROM responses").to_pylist()
    assert {row["provider"] for row in asked} == {"openai", "gemini", "openai-compatible"}
    assert 0 < stages["build"]["measures"]["usd"] < 0.5
    judges = {row["judge"] for row in stages["evaluate"]["figures"]}
    assert {"gpt-4o", "qwen2.5-vl-72b"} < judges and report["not_asked"] == []
    assert stages["score-endpoint"]["status"] == "passed"
    assert "not asked" not in output


def _teachers(values: Any) -> list[dict[str, Any]]:
    """Every mapping with a `provider`, at any depth."""
    if isinstance(values, list):
        return [one for value in values for one in _teachers(value)]
    if not isinstance(values, dict):
        return []
    nested = [one for value in values.values() for one in _teachers(value)]
    return [values, *nested] if "provider" in values else nested
