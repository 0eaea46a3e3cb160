"""A run that is disturbed goes on from its checkpoint and ends with the same weights, bitwise."""

import errno
import json
from collections.abc import Callable
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
from joppo.training.models.model_folder import model_digest
from joppo.training.runs.checkpoints import CheckpointError, broken
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.callbacks import Report
from joppo.training.trainer.examples import PhotoMissingError, training_rows
from joppo.training.trainer.failures import is_permanent
from joppo.training.trainer.guard import NonFiniteLossError
from joppo.training.trainer.prepare import prepare
from joppo.training.trainer.run import train
from joppo.training.trainer.trainers import JudgeSFTTrainer

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
# Ten rows, so that every run here goes on into a second epoch.
SFT = SftConfig.model_validate(
    {
        **SHARED,
        "base": "embedded",
        "batch": 4,
        "per_device_batch": 4,
        "lora": {"rank": 8, "alpha": 8},
        "task_weights": {"composition": 0.25, "perspective": 0.25},
    }
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=1, size=64))
    return made


@pytest.fixture(scope="module")
def sft(store: Store) -> Run:
    """A run that nothing disturbs."""
    run = prepare(SFT, store)
    train(run)
    return run


class _BrokenOff(BaseException):
    """No Exception: nothing on the way catches it."""


def _break_off(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """End the run at a step, before its checkpoint."""

    def stop(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == at:
            raise _BrokenOff

    monkeypatch.setattr(Report, "on_step_end", stop)


def _fill_disk(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    def no_room(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "seal", no_room)


def _spoil_loss(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    loss = JudgeSFTTrainer.compute_loss
    monkeypatch.setattr(
        JudgeSFTTrainer, "compute_loss", lambda *a, **k: loss(*a, **k) * torch.tensor(float("nan"))
    )


def _lose_photos(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    (run.store.local_path("images") or Path()).rename(Path(run.store.root) / "gone")


def _find_photos(run: Run) -> None:
    gone = Path(run.store.root) / "gone"
    if gone.exists():
        gone.rename(Path(run.store.root) / "images")


@pytest.mark.parametrize(
    ("disturb", "error", "words"),
    [
        (_fill_disk, CheckpointError, "checkpoint-2 could not be saved .* the disk is full"),
        (_spoil_loss, NonFiniteLossError, "the loss is nan after step 1"),
        (_lose_photos, PhotoMissingError, "Put the photo back.*from its last checkpoint"),
    ],
)
def test_trouble_is_named_and_nothing_is_lost(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    disturb: Callable[[pytest.MonkeyPatch, Run], None],
    error: type[Exception],
    words: str,
) -> None:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    run = prepare(SFT, store)
    with monkeypatch.context() as first, pytest.raises(_BrokenOff):
        _break_off(first, at=2)
        train(run)
    try:
        with monkeypatch.context() as then, pytest.raises(error, match=words) as told:
            disturb(then, run)
            train(run)
    finally:
        _find_photos(run)
    assert is_permanent(told.value)
    assert [p.name for p in run.folder.glob("checkpoint-*")] == ["checkpoint-1"]
    assert broken(run.folder / "checkpoint-1") is None
    kept = run.folder / "non-finite-loss" / "step-1" / "rank-0"
    if error is NonFiniteLossError:
        texts = json.loads((kept / "batch.json").read_text())["texts"]["input_ids"]
        assert len(texts) == 4 and all("<answer>" in text for text in texts)
        assert load_file(kept / "batch.safetensors")["pixel_values"].isfinite().all()
    train(run)
    assert model_digest(run.model) == model_digest(sft.model)


def test_sft_passes_over_a_damaged_checkpoint(
    store: Store,
    sft: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(training_rows(sft)) < STEPS * SFT.batch, "one epoch would show too little"
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    run = prepare(SFT, store)
    assert run.id == sft.id
    with monkeypatch.context() as first, pytest.raises(_BrokenOff):
        _break_off(first, at=3)
        train(run)
    newest = run.folder / "checkpoint-2" / "optimizer.pt"
    newest.write_bytes(newest.read_bytes()[:-1])
    capsys.readouterr()
    train(run)
    said = capsys.readouterr().out
    assert "checkpoint-2 is passed over: optimizer.pt does not match its checksum" in said
    assert '"resumed_from": 1' in said
    assert model_digest(run.model) == model_digest(sft.model)
    steps = [row["step"] for row in read_metrics(store, run.id) if row["name"] == "loss"]
    assert steps == list(range(1, STEPS + 1))
    assert sorted(p.name for p in run.folder.glob("checkpoint-*")) == [
        f"checkpoint-{STEPS - 1}",
        f"checkpoint-{STEPS}",
    ]


def test_joppo(store: Store, sft: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = JoppoConfig.model_validate(
        {
            **SHARED,
            "adapter": str(sft.model),
            "photos": 4,
            "group": 2,
            "per_device_batch": 4,
            "learning_rate": 1e-3,
            "max_completion_length": 64,
            "sample_steps": 2,
            "rollout_batch": 6,
            "max_steps": 3,
            "task_weights": {"score": 0.35, "composition": 0.1},
        }
    )
    undisturbed = prepare(config, store)
    assert len(training_rows(undisturbed)) < 3 * config.photos
    train(undisturbed)
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    run = prepare(config, store)
    with monkeypatch.context() as first, pytest.raises(_BrokenOff):
        _break_off(first, at=2)
        train(run)
    assert not run.model.exists()
    train(run)
    assert model_digest(run.model) == model_digest(undisturbed.model)
    assert model_digest(run.model) != model_digest(sft.model)
    # The KL reference is no part of the judge.
    assert not (run.model / "ref").exists()
    _samples_are_kept(run)


def _samples_are_kept(run: Run) -> None:
    folder = Path(run.store.root) / "runs" / run.id / "samples"
    assert sorted(p.name for p in folder.iterdir()) == ["step-000002.jsonl"]
    lines = (folder / "step-000002.jsonl").read_text().splitlines()
    assert len(lines) == 8
    for sample in map(json.loads, lines):
        assert sample["photo"].startswith("images/") and sample["completion"]
        assert sample["format"] in (0.0, 1.0) and sample["advantage"] is not None
        assert (sample["preference"] is None) == (sample["task"] != "score")
        assert (sample["mos"] is None) == (sample["task"] != "score")
