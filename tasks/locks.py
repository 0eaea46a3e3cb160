"""One training at a time per GPU, and per run folder: locks that end with their process.

A work pool counts runs, not GPUs, and knows nothing of runs that were started by hand. Each GPU of
this machine has a lock file, and a training holds those of its GPUs; the system frees them when the
process ends, however it ends.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

VISIBLE = "CUDA_VISIBLE_DEVICES"
WAIT_S = 2.0
Log = Callable[[str], None]


def visible_gpus(env: Mapping[str, str]) -> list[str]:
    """Names of the GPUs that a process with this environment may use; empty without a driver."""
    if VISIBLE in env:
        return [name.strip() for name in env[VISIBLE].split(",") if name.strip()]
    query = shutil.which("nvidia-smi")
    if query is None:
        return []
    command = [query, "--query-gpu=index", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.split() if done.returncode == 0 else []


@contextmanager
def gpus(count: int, env: Mapping[str, str], log: Log) -> Iterator[dict[str, str]]:
    """Wait for `count` free GPUs, and yield the variables that show a process these alone.

    With fewer GPUs than that on this machine nothing is held: the preflight check says so.
    """
    visible = visible_gpus(env)
    if len(visible) < count:
        yield {}
        return
    with ExitStack() as held:
        names = _take(visible, count, held)
        if names is None:
            log(f"waiting for {count} of the GPUs {', '.join(visible)}: others train on them")
        while names is None:
            time.sleep(WAIT_S)
            names = _take(visible, count, held)
        # The order in which nvidia-smi counts them.
        yield {VISIBLE: ",".join(names), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def _take(visible: list[str], count: int, held: ExitStack) -> list[str] | None:
    """Lock `count` GPUs or none, so that two waiting runs never keep one each from the other."""
    with ExitStack() as attempt:
        free = []
        for name in visible:
            if len(free) < count and (lock := _try(gpu_file(name))):
                attempt.callback(lock.close)
                free.append(name)
        if len(free) < count:
            return None
        held.push(attempt.pop_all())
    return free


def gpu_file(name: str) -> Path:
    """Lock file of a GPU, one per machine and user."""
    return Path(tempfile.gettempdir()) / f"joppo-{os.getuid()}" / f"gpu-{name}.lock"


@contextmanager
def alone(folder: Path, log: Log) -> Iterator[None]:
    """Wait until no other process of this machine trains in `folder`."""
    path = folder / ".lock"
    lock = _try(path)
    if lock is None:
        log(f"waiting for another process that trains in {folder}")
    while lock is None:
        time.sleep(WAIT_S)
        lock = _try(path)
    with lock:
        yield


def _try(path: Path) -> IO[bytes] | None:
    """The open file with its lock, or None where another process has it. Closing it unlocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
