"""A stage by its flow: killed, retried by Prefect, equal to an undisturbed run."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scene_corpus import build
from data.scene_source import SceneSourceConfig
from data.store import Store
from flows.train_sft import train_sft
from tasks.launch import TrainingFailedError
from training.config import SftConfig
from training.metrics_log import read_metrics
from training.model_folder import model_digest
from training.run import train
from training.runs import prepare

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(1500)]

SHARED: dict[str, Any] = {
    "bf16": False, "gradient_checkpointing": False, "max_steps": 4, "save_steps": 1,
    "eval_rows": 4, "eval_batch": 4, "max_completion_length": 40, "launch": {"cpu": True},
}  # fmt: skip
SFT: dict[str, Any] = {**SHARED, "base": "embedded", "batch": 4, "per_device_batch": 4,
                       "lora": {"rank": 8, "alpha": 8}}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a small snapshot."""
    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=2, size=64))
    return made


@pytest.fixture(scope="module")
def sft_model(store: Store) -> Path:
    """An SFT model that no one disturbed."""
    run = prepare(SftConfig.model_validate(SFT), store)
    train(run)
    return run.model


@pytest.fixture
def yaml(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    def write(values: dict[str, Any]) -> str:
        import yaml

        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(values))
        return str(path)

    return write


def _kill_once(monkeypatch: pytest.MonkeyPatch, at_step: int) -> list[int]:
    """SIGKILL the trainer when it tells of a step; the steps that each try resumed from."""
    import tasks.training

    resumed: list[int] = []
    pids: list[int] = []
    original = tasks.training._Progress.take

    def take(self: Any, event: dict[str, Any]) -> None:
        if event["event"] == "start":
            resumed.append(event["resumed_from"])
            pids.append(event["pid"])
        if event["event"] == "step" and event["step"] == at_step and len(resumed) == 1:
            os.kill(pids[0], signal.SIGKILL)
        original(self, event)

    monkeypatch.setattr(tasks.training._Progress, "take", take)
    return resumed


def test_sft_killed_and_retried_ends_with_the_same_weights(
    store: Store, sft_model: Path, yaml: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "runs"))
    resumed = _kill_once(monkeypatch, at_step=3)
    model = Path(train_sft(yaml(SFT), store.root))
    assert resumed[0] == 0
    assert len(resumed) == 2 and resumed[1] in (2, 3)
    assert model_digest(model) == model_digest(sft_model)
    steps = [row["step"] for row in read_metrics(store, model.parent.name) if row["name"] == "loss"]
    assert steps == [1, 2, 3, 4]


def test_a_config_that_cannot_work_is_refused_once_with_the_remedy(
    store: Store, sft_model: Path, yaml: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "runs"))
    values = {**SFT, "batch": 5000, "per_device_batch": 1}
    with pytest.raises(TrainingFailedError, match="lower batch") as told:
        train_sft(yaml(values), store.root)
    assert told.value.permanent
