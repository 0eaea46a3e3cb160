"""Reliable checkpoints: written aside, checksummed, then renamed; the last K and the best are kept.

    <run>/checkpoint-40/            a complete checkpoint of transformers' Trainer
    <run>/checkpoint-40/SHA256.json file -> sha256 of its bytes, written last
    <run>/.saving/                  what an interrupted save leaves; never loaded

A checkpoint without its checksums, or with a file that does not match them, is skipped, and the one
before it is taken.
"""

import errno
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from joppo.data.store.write_aside import replace_folder

CHECKSUMS = "SHA256.json"
ASIDE = ".saving"
WRITE_ERRORS = (OSError, RuntimeError, SafetensorError)
"""What a failed write raises: the system, torch's archive writer, safetensors."""
LITTLE = 16 * 2**20
"""bytes; with less free space a failed write is taken for a full disk"""
_NAME = re.compile(r"checkpoint-(\d+)")


class CheckpointError(RuntimeError):
    """A checkpoint could not be written; the message names the remedy. `full`: the disk is full."""

    def __init__(self, message: str, full: bool) -> None:
        super().__init__(message)
        self.full = full


class NoBestCheckpointError(ValueError):
    """No step was the best by the figure that was asked for; the message names what to change."""


def checkpoints(run: Path) -> list[Path]:
    """Checkpoint folders of a run, oldest step first, intact or not."""
    found = [p for p in run.glob("checkpoint-*") if p.is_dir() and _NAME.fullmatch(p.name)]
    return sorted(found, key=step_of)


def step_of(checkpoint: Path) -> int:
    """Steps of the optimizer until a checkpoint."""
    match = _NAME.fullmatch(checkpoint.name)
    return int(match[1]) if match else -1


def seal(folder: Path) -> None:
    """Write the checksums of all files of a folder, when these have reached the disk."""
    sums = {name: _digest(path) for name, path in _files(folder)}
    for name in sums:
        _to_disk(folder / name)
    text = json.dumps(sums, indent=1, sort_keys=True)
    (folder / CHECKSUMS).write_text(text + "\n", encoding="utf-8")
    _to_disk(folder / CHECKSUMS)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    """Without this a power cut after the rename could leave a named but empty checkpoint."""
    with path.open("rb") as content:
        os.fsync(content.fileno())


def broken(folder: Path) -> str | None:
    """What is wrong with a checkpoint, or None."""
    sums = folder / CHECKSUMS
    if not sums.is_file():
        return "the save was interrupted: no checksums"
    try:
        expected = json.loads(sums.read_text(encoding="utf-8"))
    except ValueError:
        return f"{CHECKSUMS} is damaged"
    if not isinstance(expected, dict):
        return f"{CHECKSUMS} is damaged"
    found = dict(_files(folder))
    for name, digest in expected.items():
        if name not in found:
            return f"{name} is missing"
        if _digest(found[name]) != digest:
            return f"{name} does not match its checksum"
    return None


def _files(folder: Path) -> list[tuple[str, Path]]:
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != CHECKSUMS)
    return [(p.relative_to(folder).as_posix(), p) for p in paths]


def last_good(run: Path, say: Callable[[str], None]) -> Path | None:
    """The newest intact checkpoint of a run; those that are skipped are reported, not deleted."""
    for folder in reversed(checkpoints(run)):
        fault = broken(folder)
        if fault is None:
            return folder
        say(f"{folder.name} is passed over: {fault}")
    return None


def keep_last(run: Path, count: int, newest: Path | None = None, best: int | None = None) -> None:
    """Remove all but the newest `count` complete checkpoints, and older broken ones.

    Args:
        newest: the one to count from, where later ones are damaged.
        best: a step whose checkpoint is kept whatever its age.
    """
    last = step_of(newest) if newest else math.inf
    complete = [p for p in checkpoints(run) if (p / CHECKSUMS).is_file() and step_of(p) <= last]
    for folder in checkpoints(run):
        old = complete[-count:] and step_of(folder) < step_of(complete[-count:][0])
        if old and step_of(folder) != best:
            shutil.rmtree(folder)


def checkpoint_at(run: Path, step: int) -> Path:
    """The intact checkpoint of a step.

    Raises:
        FileNotFoundError: it is missing or damaged.
    """
    folder = run / f"checkpoint-{step}"
    fault = broken(folder) if folder.is_dir() else "it is missing"
    if fault:
        raise FileNotFoundError(f"{folder}: {fault}")
    return folder


class SafeCheckpoints:
    """Mixin before a Trainer: a save is complete or leaves nothing.

    `keep_checkpoints` is set on the instance, and where one has to be kept beside the newest,
    `best_step`, which returns its step; the Trainer's own rotation stays off.
    """

    args: Any
    state: Any
    accelerator: Any
    keep_checkpoints = 2
    best_step: Callable[[], int | None] = staticmethod(lambda: None)
    _saving = False

    def _get_output_dir(self, trial: Any) -> str:
        run = Path(super()._get_output_dir(trial))  # type: ignore[misc]
        return str(run / ASIDE) if self._saving else str(run)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        run = Path(self.args.output_dir)
        name = f"checkpoint-{self.state.global_step}"
        if self.args.should_save:
            shutil.rmtree(run / ASIDE, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        self._saving = True
        try:
            super()._save_checkpoint(model, trial)  # type: ignore[misc]
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                _publish(run, name)
                keep_last(run, self.keep_checkpoints, best=self.best_step())
        except WRITE_ERRORS as error:
            failed = _failure(run, name, error)
            # The incomplete files take the space that the next try needs.
            shutil.rmtree(run / ASIDE, ignore_errors=True)
            raise failed from error
        finally:
            self._saving = False
        self.accelerator.wait_for_everyone()


def _publish(run: Path, name: str) -> None:
    aside, target = run / ASIDE / name, run / name
    seal(aside)
    # What may be there is a checkpoint of this step that was passed over as broken.
    replace_folder(aside, target)
    shutil.rmtree(run / ASIDE, ignore_errors=True)


def _failure(run: Path, name: str, error: Exception) -> CheckpointError:
    # torch and safetensors do not always pass on the number of the system's error.
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    full = full or "No space left" in str(error) or shutil.disk_usage(run).free < LITTLE
    cause = f"the disk is full ({error})" if full else f"{type(error).__name__}: {error}"
    return CheckpointError(
        f"{name} could not be saved in {run}: {cause}. Earlier checkpoints are whole. Free space "
        "or lower keep_checkpoints, then start the run again: it resumes by itself",
        full,
    )
