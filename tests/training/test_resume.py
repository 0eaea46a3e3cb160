"""A run that is broken off goes on from its checkpoint and ends with the same weights, bitwise."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.scene_corpus import build
from data.scene_source import SceneSourceConfig
from data.store import Store
from training.callbacks import Report
from training.config import JoppoConfig, SftConfig, TrainConfig
from training.metrics_log import read_metrics
from training.model_folder import model_digest
from training.run import train
from training.run_folder import Run
from training.runs import prepare

pytestmark = pytest.mark.timeout(900)

SHARED: dict[str, Any] = {
    "bf16": False, "gradient_checkpointing": False, "max_steps": 3, "save_steps": 1,
    "eval_rows": 0, "launch": {"cpu": True},
}  # fmt: skip
SFT = SftConfig(**SHARED, base="embedded", batch=4, per_device_batch=4,
                lora={"rank": 8, "alpha": 8})  # type: ignore[arg-type]  # fmt: skip


class _BrokenOff(BaseException):
    """No Exception: nothing on the way catches it."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=1, size=64))
    return made


@pytest.fixture(scope="module")
def sft(store: Store) -> Run:
    run = prepare(SFT, store)
    train(run)
    return run


def _broken_off(config: TrainConfig, store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The run after a break at step 2, before its checkpoint, and a second start."""
    run = prepare(config, store)
    starts: list[int] = []

    def stop(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 2 and not starts:
            starts.append(1)
            raise _BrokenOff

    monkeypatch.setattr(Report, "on_step_end", stop)
    with pytest.raises(_BrokenOff):
        train(run)
    assert [p.name for p in run.folder.glob("checkpoint-*")] == ["checkpoint-1"]
    assert not run.model.exists()
    train(run)
    return run


def test_sft(store: Store, sft: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    run = _broken_off(SFT, store, monkeypatch)
    assert run.id == sft.id
    assert model_digest(run.model) == model_digest(sft.model)
    steps = [row["step"] for row in read_metrics(store, run.id) if row["name"] == "loss"]
    assert steps == [1, 2, 3]


def test_joppo(store: Store, sft: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = JoppoConfig(
        **SHARED, adapter=str(sft.model), photos=4, group=2, per_device_batch=4,
        learning_rate=1e-3, max_completion_length=80, sample_steps=2,
    )  # fmt: skip
    undisturbed = prepare(config, store)
    train(undisturbed)
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    run = _broken_off(config, store, monkeypatch)
    assert model_digest(run.model) == model_digest(undisturbed.model)
    assert model_digest(run.model) != model_digest(sft.model)
    # The KL reference is no part of the judge.
    assert not (run.model / "ref").exists()
    assert [p.name for p in (run.folder / "samples").iterdir()] == ["step-000002.jsonl"]
