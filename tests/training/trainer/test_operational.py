"""Operational values may change between two starts of a run: it goes on from its checkpoint.

What an error message advises is done here as it is advised, and the run has to go on.
"""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import joppo.training.runs.checkpoints as checkpoints
from benchmarks.scene_corpus import build
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.models.model_folder import finished
from joppo.training.runs.checkpoints import CheckpointError
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.callbacks import Report
from joppo.training.trainer.failures import message
from joppo.training.trainer.prepare import prepare
from joppo.training.trainer.run import train

pytestmark = pytest.mark.timeout(900)

STEPS = 4
SHARED: dict[str, Any] = {
    "bf16": False,
    "gradient_checkpointing": False,
    "max_steps": STEPS,
    "save_steps": 1,
    "eval_rows": 0,
    "launch": {"cpu": True},
}
# Ten rows, of different lengths, so that every run here goes on into a second epoch.
SFT: dict[str, Any] = {
    **SHARED,
    "base": "embedded",
    "batch": 4,
    "per_device_batch": 4,
    "lora": {"rank": 8, "alpha": 8},
    "task_weights": {"composition": 0.25, "perspective": 0.25},
}
JOPPO: dict[str, Any] = {
    **SHARED,
    "max_steps": 3,
    "photos": 4,
    "group": 2,
    "per_device_batch": 4,
    "learning_rate": 1e-3,
    "max_completion_length": 48,
    "task_weights": {"score": 0.35, "composition": 0.1},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=1, size=64))
    return made


@pytest.fixture(scope="module")
def sft(store: Store) -> Run:
    """A run that nothing disturbs."""
    run = prepare(SftConfig.model_validate(SFT), store)
    train(run)
    return run


def adapter(run: Run) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = load_file(run.model / "adapter_model.safetensors")
    return weights


def distance(run: Run, other: Run) -> float:
    """Length of the difference of two adapters, relative to the length of the second."""
    pairs = [(one, adapter(other)[name]) for name, one in adapter(run).items()]
    squares = [(float((a - b).square().sum()), float(b.square().sum())) for a, b in pairs if "x"]
    return (sum(d for d, _ in squares) / sum(s for _, s in squares)) ** 0.5


def resumed_from(printed: str) -> int:
    (line,) = [line for line in printed.splitlines() if '"event": "start"' in line]
    return int(json.loads(line.removeprefix("@joppo "))["resumed_from"])


class _OutOfMemory(BaseException):
    """Stands for the end of the process; nothing on the way catches it."""


def _stop(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """End the run in the step after `after`."""

    def stop(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step > after:
            raise _OutOfMemory

    monkeypatch.setattr(Report, "on_step_end", stop)


def _begin(config: SftConfig | JoppoConfig, store: Store, after: int) -> Run:
    run = prepare(config, store)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(_OutOfMemory):
        _stop(patch, after)
        train(run)
    return run


def test_a_lower_per_device_batch_goes_on_from_the_checkpoint(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "lower per_device_batch" in message(torch.OutOfMemoryError("CUDA out of memory"))
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    begun = _begin(SftConfig.model_validate(SFT), store, after=2)
    capsys.readouterr()
    run = prepare(SftConfig.model_validate(SFT | {"per_device_batch": 2}), store)
    assert run.folder == begun.folder
    train(run)
    assert resumed_from(capsys.readouterr().out) == 2
    assert finished(run.model)
    # Of float32; another order of rows or another mean over tokens differs by more than 1e-2.
    print("distance", distance(run, sft))
    print([(r["step"], r["value"]) for r in read_metrics(store, run.id) if r["name"] in("loss","grad_norm")])
    print([(r["step"], r["value"]) for r in read_metrics(store, sft.id) if r["name"] in("loss","grad_norm")])
    for n, t in adapter(run).items():
        if "lora_B" in n and ".0." in n: print(n, float((t-adapter(sft)[n]).norm()/adapter(sft)[n].norm()))
    assert distance(run, sft) < 1e-3
    steps = [row["step"] for row in read_metrics(store, run.id) if row["name"] == "loss"]
    assert steps == list(range(1, STEPS + 1))


@pytest.mark.parametrize("changed", [{"per_device_batch": 2}, {"rollout_batch": 4}])
def test_joppo_with_lower_batches(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, int],
) -> None:
    whole = JoppoConfig.model_validate(JOPPO | {"adapter": str(sft.model)})
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "whole"))
    undisturbed = prepare(whole, store)
    train(undisturbed)
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "begun"))
    begun = _begin(whole, store, after=1)
    capsys.readouterr()
    run = prepare(JoppoConfig.model_validate(whole.as_dict() | changed), store)
    assert run.folder == begun.folder
    train(run)
    assert resumed_from(capsys.readouterr().out) == 1
    assert finished(run.model)
    print("distance", changed, distance(run, undisturbed))
