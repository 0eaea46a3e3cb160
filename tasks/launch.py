"""Training processes that a task owns: started, listened to, and ended with it."""

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from joppo.training.config import LaunchConfig
from joppo.training.runs.run_folder import read_event

_TAIL = 40
Event = dict[str, Any]


class TrainingFailedError(RuntimeError):
    """The training processes ended before their work was done. `permanent`: do not try again."""

    def __init__(self, message: str, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


def command(spec: Path, launch: LaunchConfig) -> list[str]:
    """The command that trains a SPEC (`training.trainer.run`) as the config asks for.

    A CPU needs no launcher for one process, which would only take its seconds to start, and torch's
    own for several: `accelerate launch --cpu` silently starts a single one.
    """
    module = ["-m", "joppo.training.trainer.run", str(spec)]
    if launch.cpu and launch.processes > 1:
        count = str(launch.processes)
        torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", count]
        return [sys.executable, *torchrun, *module]
    if launch.cpu and not launch.accelerate:
        return [sys.executable, *module]
    start = [sys.executable, "-m", "accelerate.commands.launch"]
    if launch.accelerate:
        start += ["--config_file", launch.accelerate]
    start += ["--num_processes", str(launch.processes)]
    return [*start, *module]


def environment(launch: LaunchConfig) -> dict[str, str]:
    """This process's environment for the trainers: bounded threads, and no reports to the hub.

    trl reports each trainer to the hub unless telemetry is off; `launch.env` may turn it on.
    On a CPU, memory that tensors leave stays with the process: glibc would hand it back and have it
    cleared at every step, which took a fifth of SFT's time.
    """
    values = {
        **os.environ,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    if launch.cpu:
        values |= {
            "OMP_NUM_THREADS": str(launch.threads),
            "ACCELERATE_USE_CPU": "true",
            "MALLOC_MMAP_THRESHOLD_": str(32 << 20),  # the most that glibc accepts
            "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
        }
    return values | launch.env


def run_processes(
    arguments: list[str],
    env: dict[str, str],
    on_event: Callable[[Event], None],
    on_line: Callable[[str], None],
    grace_s: float = 20.0,
) -> None:
    """Run to the end; events and other lines of output are handed on as they come.

    The processes form a group of their own. However this function is left, by an error, a signal
    or a cancel, the whole group is asked to end and killed after `grace_s` seconds.

    Raises:
        TrainingFailedError: the processes failed; with their last words.
    """
    tail: deque[str] = deque(maxlen=_TAIL)
    failures: list[Event] = []
    with _group(arguments, env, grace_s) as process:
        for line in _lines(process):
            event = read_event(line)
            if event is None:
                tail.append(line)
                on_line(line)
            elif event["event"] == "failed":
                failures.append(event)
            else:
                on_event(event)
        code = process.wait()
    if code != 0 or failures:
        raise _failure(code, failures, list(tail))


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        if stripped := line.rstrip("\n"):
            yield stripped


@contextmanager
def _group(
    arguments: list[str], env: dict[str, str], grace_s: float
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        arguments,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        bufsize=1,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )
    try:
        yield process
    finally:
        _end(process, grace_s)


def _die_with_parent() -> None:
    """Linux: the child is killed when this process is; trainers under a launcher watch it."""
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def _end(process: "subprocess.Popen[str]", grace_s: float) -> None:
    """Ask the group to end, wait, kill what is left of it."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    # The leader may be gone while others of its group are not.
    _signal(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _failure(code: int, failures: list[Event], tail: list[str]) -> TrainingFailedError:
    if failures:
        # When one process dies, the others only report that they lost it.
        first = next((event for event in failures if event["permanent"]), failures[0])
        return TrainingFailedError(first["message"], first["permanent"])
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    last = "\n".join(tail[-15:])
    return TrainingFailedError(
        f"the training processes ended with {how}; a retry goes on from the last checkpoint. "
        f"Last output:\n{last}",
        permanent=False,
    )
