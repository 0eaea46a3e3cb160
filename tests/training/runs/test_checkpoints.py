"""A checkpoint is loaded only if it is whole; a failed save loses nothing."""

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from joppo.training.runs.checkpoints import (
    ASIDE,
    CHECKSUMS,
    CheckpointError,
    SafeCheckpoints,
    broken,
    checkpoint_at,
    keep_last,
    last_good,
    seal,
)


def _checkpoint(run: Path, step: int, sealed: bool = True) -> Path:
    folder = run / f"checkpoint-{step}"
    (folder / "ref").mkdir(parents=True)
    (folder / "adapter.safetensors").write_bytes(bytes([step % 256]) * 100)
    (folder / "ref" / "adapter.safetensors").write_bytes(b"r")
    if sealed:
        seal(folder)
    return folder


def test_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    _checkpoint(tmp_path, 9)
    wanted = _checkpoint(tmp_path, 10)
    _checkpoint(tmp_path, 100, sealed=False)
    said: list[str] = []
    assert last_good(tmp_path, said.append) == wanted
    assert said == ["checkpoint-100 is passed over: the save was interrupted: no checksums"]


@pytest.mark.parametrize("damage", ["changed", "missing", "{", "[]", "ÿ"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, damage: str) -> None:
    before, after = _checkpoint(tmp_path, 1), _checkpoint(tmp_path, 2)
    if damage == "changed":
        (after / "adapter.safetensors").write_bytes(b"x" * 100)
    elif damage == "missing":
        (after / "ref" / "adapter.safetensors").unlink()
    else:
        (after / CHECKSUMS).write_text(damage, encoding="latin-1")
    assert broken(before) is None
    assert broken(after) is not None
    assert last_good(tmp_path, lambda line: None) == before


def test_nothing_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert last_good(tmp_path / "none", print) is None


def test_only_the_last_are_kept_and_a_broken_new_one_spares_the_good(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        _checkpoint(tmp_path, step)
    _checkpoint(tmp_path, 4, sealed=False)
    keep_last(tmp_path, 2)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["checkpoint-2", "checkpoint-3", "checkpoint-4"]


def test_the_best_checkpoint_is_kept_whatever_its_age(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        _checkpoint(tmp_path, step)
    keep_last(tmp_path, 1, best=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint-2", "checkpoint-4"]
    assert checkpoint_at(tmp_path, 2) == tmp_path / "checkpoint-2"
    (tmp_path / "checkpoint-2" / "adapter.safetensors").write_bytes(b"")
    for step, fault in ((2, "does not match its checksum"), (3, "it is missing")):
        with pytest.raises(FileNotFoundError, match=fault):
            checkpoint_at(tmp_path, step)


class _Plain:
    """As much of a Trainer as saving needs."""

    def __init__(self, run: Path, fail: OSError | None = None) -> None:
        self.args = SimpleNamespace(output_dir=str(run), should_save=True)
        self.state = SimpleNamespace(global_step=7)
        self.accelerator = SimpleNamespace(wait_for_everyone=lambda: None)
        self.fail = fail

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.args.output_dir)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(self._get_output_dir(trial)) / "checkpoint-7"
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"w")
        if self.fail:
            raise self.fail


class _Safe(SafeCheckpoints, _Plain):
    pass


def test_a_save_appears_whole(tmp_path: Path) -> None:
    trainer = _Safe(tmp_path)
    trainer._save_checkpoint(None, None)
    assert broken(tmp_path / "checkpoint-7") is None
    assert not (tmp_path / ASIDE).exists()
    assert trainer._get_output_dir(None) == str(tmp_path)


def test_saving_a_step_again_replaces_what_was_broken(tmp_path: Path) -> None:
    (_checkpoint(tmp_path, 7) / CHECKSUMS).write_text("{")
    _Safe(tmp_path)._save_checkpoint(None, None)
    assert broken(tmp_path / "checkpoint-7") is None


def test_disk_full_names_the_remedy_and_leaves_earlier_checkpoints(tmp_path: Path) -> None:
    good = _checkpoint(tmp_path, 6)
    trainer = _Safe(tmp_path, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(CheckpointError, match=r"the disk is full.*keep_checkpoints"):
        trainer._save_checkpoint(None, None)
    assert last_good(tmp_path, print) == good
    trainer.fail = None
    trainer._save_checkpoint(None, None)
    assert last_good(tmp_path, print) == tmp_path / "checkpoint-7"
