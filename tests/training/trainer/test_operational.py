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
from joppo.training.models.model_folder import finished, model_digest
from joppo.training.runs.checkpoints import CheckpointError
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.runs.run_folder import Run
from joppo.training.runs.used_values import FILE, record_used, used_values
from joppo.training.trainer.callbacks import Report
from joppo.training.trainer.failures import message
from joppo.training.trainer.preflight import PreflightError
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
    """Length of the difference of what two adapters have learned, relative to the second's."""
    learned = {name: one for name, one in adapter(other).items() if "lora_B" in name}
    difference = sum(float((adapter(run)[n] - one).square().sum()) for n, one in learned.items())
    return (difference / sum(float(one.square().sum()) for one in learned.values())) ** 0.5


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


def _resume(
    config: SftConfig | JoppoConfig, begun: Run, capsys: pytest.CaptureFixture[str]
) -> tuple[Run, int]:
    """Start a run again, and where it went on from."""
    run = prepare(config, begun.store)
    assert run.folder == begun.folder, "another run, which starts anew"
    capsys.readouterr()
    train(run)
    assert finished(run.model)
    return run, resumed_from(capsys.readouterr().out)


def test_a_lower_per_device_batch_goes_on_and_learns_the_same(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    advice = message(torch.OutOfMemoryError("CUDA out of memory"), sft.config)
    assert "lower per_device_batch and run again; it goes on from its last checkpoint" in advice
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    begun = _begin(SftConfig.model_validate(SFT), store, after=2)
    run, step = _resume(SftConfig.model_validate(SFT | {"per_device_batch": 2}), begun, capsys)
    assert step == 2
    # Rounding is 1e-6. A token that weighs by its forward pass is 4e-2.
    assert distance(run, sft) < 1e-4
    steps = [row["step"] for row in read_metrics(store, run.id) if row["name"] == "loss"]
    assert steps == list(range(1, STEPS + 1))
    used = json.loads((run.model / "run.json").read_text())["operational"]
    assert [(one["from_step"], one["values"]["per_device_batch"]) for one in used] == [
        (0, 4),
        (2, 2),
    ]
    assert used[0]["values"] | {"per_device_batch": 2} == used[1]["values"]


def test_joppo_with_lower_batches_goes_on(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = JoppoConfig.model_validate(JOPPO | {"adapter": str(sft.model)})
    advice = message(torch.OutOfMemoryError("CUDA out of memory"), whole)
    assert "lower per_device_batch or rollout_batch and run again; it goes on" in advice
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "whole"))
    undisturbed = prepare(whole, store)
    train(undisturbed)
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "begun"))
    begun = _begin(whole, store, after=1)
    lower = whole.model_copy(update={"per_device_batch": 2})
    run, step = _resume(lower, begun, capsys)
    assert step == 1 and distance(run, undisturbed) < 1e-3
    # Portions draw other completions of the same distribution: no figure to compare.
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "portions"))
    begun = _begin(whole, store, after=1)
    _, step = _resume(whole.model_copy(update={"rollout_batch": 4}), begun, capsys)
    assert step == 1


def test_a_loss_that_averages_by_forward_pass_is_another_run() -> None:
    bnpo = JoppoConfig(loss="bnpo")
    assert bnpo.hash() != bnpo.model_copy(update={"per_device_batch": 2}).hash()
    advice = message(torch.OutOfMemoryError("CUDA out of memory"), bnpo)
    assert "lower rollout_batch and run again" in advice
    assert "A lower per_device_batch or max_pixels makes another run" in advice
    served = message(torch.OutOfMemoryError(""), JoppoConfig(rollouts="vllm"))
    assert "lower per_device_batch or vllm_memory and run again" in served


def test_fewer_checkpoints_make_room_on_a_full_disk(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seal = checkpoints.seal

    def room_for_two(folder: Path) -> None:
        if (
            folder.parent.name == checkpoints.ASIDE
            and len(checkpoints.checkpoints(begun.folder)) > 1
        ):
            raise OSError(errno.ENOSPC, "No space left on device")
        seal(folder)

    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    config = SftConfig.model_validate(SFT)
    begun = _begin(config, store, after=2)
    monkeypatch.setattr(checkpoints, "seal", room_for_two)
    with pytest.raises(CheckpointError, match=r"lower keep_checkpoints.* it resumes by itself"):
        train(prepare(config, store))
    lower = config.model_copy(update={"keep_checkpoints": 1})
    run, step = _resume(lower, begun, capsys)
    assert step == 2 and model_digest(run.model) == model_digest(sft.model)


def test_a_run_goes_on_on_another_disk(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    advice = message(OSError(errno.ENOSPC, "No space left on device"), sft.config)
    assert "move the folder of the runs to another one and set JOPPO_RUNS to it" in advice
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "full"))
    config = SftConfig.model_validate(SFT)
    _begin(config, store, after=2)
    (tmp_path / "full").rename(tmp_path / "empty")
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "empty"))
    run, step = _resume(config, prepare(config, store), capsys)
    assert step == 2 and model_digest(run.model) == model_digest(sft.model)


def test_a_resumed_run_saves_and_logs_as_its_config_says_now(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    config = SftConfig.model_validate(SFT)
    begun = _begin(config, store, after=1)
    rarer = config.model_copy(update={"save_steps": 3, "log_steps": 2, "keep_checkpoints": 9})
    run, step = _resume(rarer, begun, capsys)
    assert step == 1 and model_digest(run.model) == model_digest(sft.model)
    saved = sorted(path.name for path in run.folder.glob("checkpoint-*"))
    assert saved == ["checkpoint-1", "checkpoint-3", "checkpoint-4"]
    steps = [row["step"] for row in read_metrics(store, run.id) if row["name"] == "loss"]
    assert steps == [1, 2, 4]


def test_checkpoints_of_sharded_processes_are_not_read_by_others(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    config = SftConfig.model_validate(SFT)
    begun = _begin(config, store, after=1)
    file = begun.folder / FILE
    used = json.loads(file.read_text())
    used[0]["values"]["distributed"] = "FSDP"
    file.write_text(json.dumps(used))
    with pytest.raises(PreflightError, match=r"use the launch\.accelerate of before"):
        train(prepare(config, store))


def test_values_of_steps_that_are_done_again_are_replaced(tmp_path: Path) -> None:
    record_used(tmp_path, 0, {"save_steps": 1})
    record_used(tmp_path, 4, {"save_steps": 1})
    record_used(tmp_path, 6, {"save_steps": 2})
    assert [one["from_step"] for one in used_values(tmp_path)] == [0, 6]
    record_used(tmp_path, 5, {"save_steps": 3})
    assert used_values(tmp_path) == [
        {"from_step": 0, "values": {"save_steps": 1}},
        {"from_step": 5, "values": {"save_steps": 3}},
    ]
