"""A stage by its flow: killed, retried by Prefect, equal to an undisturbed run."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.scene_corpus import build
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.flows.train_joppo import train_joppo
from joppo.flows.train_sft import train_sft
from joppo.tasks import training
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.models.model_folder import model_digest
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.trainer.examples import SnapshotError
from joppo.training.trainer.preflight import PreflightError
from joppo.training.trainer.prepare import note_finished, prepare
from joppo.training.trainer.run import train

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(1500)]

SHARED: dict[str, Any] = {
    "bf16": False,
    "gradient_checkpointing": False,
    "max_steps": 4,
    "save_steps": 1,
    "eval_rows": 0,
    "launch": {"cpu": True},
}
SFT: dict[str, Any] = {
    **SHARED,
    "base": "embedded",
    "batch": 4,
    "per_device_batch": 4,
    "lora": {"rank": 8, "alpha": 8},
}
JOPPO: dict[str, Any] = {
    **SHARED,
    "photos": 2,
    "group": 2,
    "per_device_batch": 4,
    "task_weights": {"score": 1},
    "max_completion_length": 72,
    "learning_rate": 1e-3,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a small snapshot and an SFT model that no one disturbed."""
    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=1, size=64))
    run = prepare(SftConfig.model_validate(SFT), made)
    train(run)
    note_finished(run)
    return made


@pytest.fixture
def written(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Writes a config and gives its path."""

    def write(values: dict[str, Any]) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(values))
        return str(path)

    return write


def _kill_while_saving(monkeypatch: pytest.MonkeyPatch, step: int, runs: Path) -> list[int]:
    """SIGKILL the trainer in the midst of the save of a step; where each try resumed from."""

    resumed: list[int] = []
    original = training.Progress.take

    def kill(pid: int) -> None:
        while not list(runs.glob(f"*/.saving/checkpoint-{step}/*")):
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)

    def take(self: Any, event: dict[str, Any]) -> None:
        if event["event"] == "start":
            resumed.append(event["resumed_from"])
            if len(resumed) == 1:
                threading.Thread(target=kill, args=[event["pid"]], daemon=True).start()
        original(self, event)

    monkeypatch.setattr(training.Progress, "take", take)
    return resumed


@pytest.mark.parametrize(("stage", "step"), [("sft", 3), ("joppo", 2)])
def test_killed_and_retried_ends_with_the_same_weights(
    stage: str,
    step: int,
    store: Store,
    written: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if stage == "sft":
        values, flow = SFT, train_sft
        undisturbed = prepare(SftConfig.model_validate(SFT), store)
    else:
        sft = prepare(SftConfig.model_validate(SFT), store).model
        values, flow = {**JOPPO, "adapter": str(sft)}, train_joppo
        undisturbed = prepare(JoppoConfig.model_validate(values), store)
        train(undisturbed)
        assert model_digest(undisturbed.model) != model_digest(sft)
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "runs"))
    resumed = _kill_while_saving(monkeypatch, step, tmp_path / "runs")
    model = Path(flow(written(values), store.root))
    # The save may have been over before the signal came.
    assert resumed in ([0, step - 1], [0, step])
    assert model.parent != undisturbed.folder
    assert model_digest(model) == model_digest(undisturbed.model)
    run = model.parent.name
    steps = [row["step"] for row in read_metrics(store, run) if row["name"] == "loss"]
    assert steps == [1, 2, 3, 4]
    assert (Path(store.root) / "runs" / run / "curves.html").is_file()


def test_a_config_that_cannot_work_is_refused_once_with_the_remedy(
    store: Store, written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "runs"))
    tried: list[Any] = []
    monkeypatch.setattr("joppo.tasks.training.run_processes", lambda *a: tried.append(a))
    with pytest.raises(PreflightError, match="lower batch"):
        train_sft(written({**SFT, "batch": 5000, "per_device_batch": 1}), store.root)
    assert tried == []
    monkeypatch.setattr("joppo.training.trainer.examples.SCHEMA_VERSION", 99)
    with pytest.raises(SnapshotError, match="this code reads 99: publish it again"):
        train_sft(written(SFT), store.root)
    assert tried == []
