"""A stage in a process of its own: whatever happens to it, the others run; its memory is counted.

Processes are forked from one that has imported the libraries once and done nothing else.
"""

import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from joppo.flows.cli.errors import is_expected
from joppo.training.rehearsal.outcome import StageOutcome, Warned

PRELOADED = [
    "joppo.flows.rehearsal.stages",
    "joppo.flows.cli.actions.evaluate",
    "joppo.flows.cli.actions.score",
    "joppo.training.judges.local",
    "peft",
    "transformers.models.qwen2_5_vl.modeling_qwen2_5_vl",
]
_GIB = 2**30
_POLL_S = 0.25
_GRACE_S = 20.0


def run_isolated(
    stage: str, work: Callable[..., Any], arguments: tuple[Any, ...], folder: Path
) -> StageOutcome:
    """Run a stage in a process of its own, with its output in `<folder>/<stage>.log`.

    Args:
        work: a function of a module, which returns a `StageOutcome`.
        arguments: of `work`; they are pickled.
        folder: where its log is written.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    folder.mkdir(parents=True, exist_ok=True)
    log, result = folder / f"{stage}.log", folder / f"{stage}.json"
    result.unlink(missing_ok=True)
    process = context.Process(
        target=_in_child, args=(stage, work, arguments, log, result, dict(os.environ))
    )
    began, before = time.monotonic(), gpu_memory_gib()
    process.start()
    try:
        peak = _watch(process, before is not None)
    finally:
        _end(process)
    outcome = _read(stage, result, log, process.exitcode)
    outcome.seconds = time.monotonic() - began
    outcome.gpu_gib = None if peak is None or before is None else max(0.0, peak - before)
    return outcome


def gpu_memory_gib() -> float | None:
    """GiB in use on all GPUs of this machine together; None without one."""
    query = shutil.which("nvidia-smi")
    if query is None:
        return None
    command = [query, "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or not done.stdout.strip():
        return None
    return sum(float(line) for line in done.stdout.split()) / 1024


def _watch(process: BaseProcess, gpu: bool) -> float | None:
    """Wait for the end of the process; the most GPU memory seen until then."""
    peak: float | None = None
    while process.is_alive():
        process.join(_POLL_S)
        if gpu and (used := gpu_memory_gib()) is not None:
            peak = max(peak or 0.0, used)
    return peak


def _end(process: BaseProcess) -> None:
    if process.is_alive():
        process.terminate()
        process.join(_GRACE_S)
    if process.is_alive():
        process.kill()
    process.join()


def _read(stage: str, result: Path, log: Path, code: int | None) -> StageOutcome:
    """What the process left; without a result it was killed."""
    try:
        values = json.loads(result.read_text(encoding="utf-8"))
    except FileNotFoundError:
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        why = " (the system kills with 9 where memory runs out)" if code == -9 else ""
        return StageOutcome(
            stage, "failed", f"its process ended with {how}{why}", f"read the last lines of {log}"
        )
    values["warnings"] = [Warned(**one) for one in values["warnings"]]
    return StageOutcome(**values)


def _in_child(
    stage: str,
    work: Callable[..., StageOutcome],
    arguments: tuple[Any, ...],
    log: Path,
    result: Path,
    environment: dict[str, str],
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    _write_to(log)
    try:
        outcome = work(*arguments)
    except Exception as error:
        traceback.print_exc()
        outcome = _failure(stage, error, log)
    outcome.memory_gib = _peak_gib()
    sys.stdout.flush()
    result.write_text(json.dumps(asdict(outcome), default=str), encoding="utf-8")


def _failure(stage: str, error: Exception, log: Path) -> StageOutcome:
    """The error in one line; those that a user can remedy name their remedy themselves."""
    text = " ".join(str(error).split())
    if not is_expected(error):
        text = f"{type(error).__name__}: {text}"
    remedy = str(getattr(error, "remedy", "")) or f"as the reason says; all of it is in {log}"
    return StageOutcome(stage, "failed", text, remedy)


def _write_to(log: Path) -> None:
    """All output of this process and of those that it starts goes to the file."""
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)


def _peak_gib() -> float:
    """Peak memory of this process, and of the largest one that it started."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) * unit / _GIB
