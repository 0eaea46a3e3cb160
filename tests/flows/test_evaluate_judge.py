"""evaluate-judge and `joppo evaluate`: base, SFT and JoPPO judges in one table, asked once."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.artifacts import Artifact
from typer.testing import CliRunner

from benchmarks.scene_corpus import build
from joppo.data.corpus.query import run_query
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.flows.cli.app import app
from joppo.flows.config import load_config
from joppo.flows.evaluate_judge import evaluate_judge
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.read_results import VIEW, all_results, read_results
from joppo.training.trainer.prepare import ModelNotFoundError, note_finished, prepare
from joppo.training.trainer.run import train
from tests.paths import CONFIGS

EVALUATIONS = sorted(CONFIGS.glob("*/evaluate-judge.yaml"))

LABELS = ["embedded", "latest-sft", "latest-joppo"]
SHARED: dict[str, Any] = {
    "bf16": False,
    "gradient_checkpointing": False,
    "max_steps": 1,
    "eval_rows": 0,
    "max_completion_length": 64,
    "launch": {"cpu": True},
}
SFT = {**SHARED, "base": "embedded", "batch": 4, "per_device_batch": 4}
JOPPO = {**SHARED, "photos": 4, "group": 2, "per_device_batch": 8, "task_weights": {"score": 1}}
EVALUATE = {
    "judges": LABELS,
    "sets": [
        {"name": "held-out", "snapshot": "latest", "split": "all", "limit": 12},
        {"name": "scenes", "scenes": {"per_category": 1, "seed": 9, "size": 64}, "limit": 6},
    ],
    "figures": {"resamples": 100},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a small snapshot, and an SFT and a JoPPO model of one step each."""
    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=2, size=64))
    for config in (SftConfig.model_validate(SFT), JoppoConfig.model_validate(JOPPO)):
        run = prepare(config, made)
        train(run)
        note_finished(run)
    return made


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "evaluate.yaml"
    path.write_text(yaml.safe_dump(EVALUATE))
    return str(path)


def test_every_profile_has_a_config() -> None:
    assert [path.parent.name for path in EVALUATIONS] == ["embedded", "paper", "single-gpu"]
    for path in EVALUATIONS:
        assert {"latest-sft", "latest-joppo"} <= set(load_config(EvaluateConfig, path).judges)


@pytest.mark.timeout(1500)
@pytest.mark.usefixtures("prefect_backend")
def test_the_flow_gives_a_table_of_all_judges_and_asks_them_once(
    store: Store, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = evaluate_judge(config, store.root)
    rows = read_results(store, key).to_pylist()
    measured = {(row["label"], row["set"], row["metric"]) for row in rows}
    for label in LABELS:
        for name in ("held-out", "scenes"):
            assert {(label, name, metric) for metric in ("srcc", "plcc", "accuracy")} <= measured
    pairs = {(row["label"], row["versus"]) for row in rows if row["metric"] == "srcc_difference"}
    assert pairs == {
        ("latest-sft", "embedded"),
        ("latest-joppo", "embedded"),
        ("latest-joppo", "latest-sft"),
    }
    assert {row["snapshot"] for row in rows if row["set"] == "held-out"} == {
        store.read_bytes("latest").decode().strip()
    }
    page = Artifact.get("evaluation")
    assert page is not None and f"Evaluation {key}" in str(page.data)
    assert "data:image/png;base64," in str(page.data)

    def refuse(*arguments: Any) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("joppo.training.evaluation.judges.open_judge", refuse)
    assert evaluate_judge(config, store.root) == key
    shown = CliRunner().invoke(app, ["evaluate", config, "--store", store.root])
    assert shown.exit_code == 0, shown.output
    for label in LABELS:
        assert shown.output.count(label) > 5
    for part in ("totals against people", "multiple choice", "differences between judges", key):
        assert part in shown.output
    counted = run_query(
        store,
        f"SELECT count(DISTINCT label) AS n FROM {VIEW}",
        extra={VIEW: lambda: all_results(store)},
    )
    assert counted.to_pylist() == [{"n": 3}]


@pytest.mark.usefixtures("prefect_backend")
def test_a_judge_that_is_not_there_stops_the_run_before_any_work(
    config: str, tmp_path: Path
) -> None:
    empty = Store(tmp_path / "empty")
    with pytest.raises(ModelNotFoundError, match="train-sft"):
        evaluate_judge(config, empty.root)
    assert empty.names("evaluations") == []


def test_the_command_names_what_makes_a_missing_judge(config: str, tmp_path: Path) -> None:
    shown = CliRunner().invoke(
        app, ["evaluate", config, "--store", str(tmp_path), "--judge", "latest-joppo"]
    )
    assert shown.exit_code == 1 and "train-joppo" in shown.output


def test_the_command_copies_the_report(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    values = {
        "judges": ["embedded"],
        "sets": [
            {"name": "scenes", "scenes": {"per_category": 1, "seed": 9, "size": 64}, "limit": 2}
        ],
        "figures": {"resamples": 100},
    }
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(values))
    out = tmp_path / "report"
    shown = CliRunner().invoke(
        app, ["evaluate", str(path), "--store", store.root, "--out", str(out)]
    )
    assert shown.exit_code == 0, shown.output
    assert {"report.md", "results.parquet", "confusion.parquet"} <= {p.name for p in out.iterdir()}
