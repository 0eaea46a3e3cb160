"""Training processes end with the task that owns them, and say why they failed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from joppo.tasks.launch import TrainingFailedError, command, environment, run_processes
from joppo.training.config import LaunchConfig
from joppo.training.runs.run_folder import EVENT


def _run(code: str, **more: Any) -> tuple[list[dict[str, Any]], list[str]]:
    events: list[dict[str, Any]] = []
    lines: list[str] = []
    arguments = [sys.executable, "-u", "-c", code]
    run_processes(arguments, dict(os.environ), events.append, lines.append, **more)
    return events, lines


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _gone(pid: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not _alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_events_and_lines_are_told_apart() -> None:
    event = EVENT + json.dumps({"event": "step", "step": 1})
    events, lines = _run(f"print('plain'); print({event!r})")
    assert events == [{"event": "step", "step": 1}]
    assert lines == ["plain"]


def test_a_failure_carries_the_remedy_and_whether_to_retry() -> None:
    event = EVENT + json.dumps({"event": "failed", "message": "lower batch", "permanent": True})
    with pytest.raises(TrainingFailedError, match="lower batch") as told:
        _run(f"print({event!r}); raise SystemExit(2)")
    assert told.value.permanent


def test_a_kill_is_named_and_may_be_retried() -> None:
    with pytest.raises(TrainingFailedError, match=r"SIGKILL.*last checkpoint") as told:
        _run("import os; print('last words'); os.kill(os.getpid(), 9)")
    assert not told.value.permanent
    assert "last words" in str(told.value)


def test_the_cause_is_told_when_several_processes_fail() -> None:
    lost = {"event": "failed", "message": "connection closed by peer", "permanent": False}
    cause = {"event": "failed", "message": "PhotoMissingError: images/a.png", "permanent": True}
    lines = [EVENT + json.dumps(event) for event in (lost, cause)]
    with pytest.raises(TrainingFailedError, match="PhotoMissingError") as told:
        _run(f"print({lines[0]!r}); print({lines[1]!r}); raise SystemExit(1)")
    assert told.value.permanent


_RANK = """
import os, signal, sys, time
open(f"{sys.argv[1]}/{os.environ['RANK']}", "w").write(str(os.getpid()))
if os.environ["RANK"] == "1":
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(600)
"""


def test_a_dead_rank_ends_the_others_and_may_be_retried(tmp_path: Path) -> None:
    """With the launcher of several processes, as `command` starts it."""
    (tmp_path / "rank.py").write_text(_RANK)
    start = command(Path("spec.json"), LaunchConfig(cpu=True, processes=2))
    arguments = [*start[: start.index("-m", 2)], str(tmp_path / "rank.py"), str(tmp_path)]
    with pytest.raises(TrainingFailedError, match=r"exit code 1.*last checkpoint") as told:
        run_processes(arguments, environment(LaunchConfig(cpu=True)), print, print)
    assert not told.value.permanent and "SIGKILL" in str(told.value)
    assert _gone(int((tmp_path / "0").read_text()))


_FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


class _Cancelled(BaseException):
    """As Prefect's TerminationSignal, no Exception."""


def test_a_cancel_ends_the_whole_group_even_if_it_ignores_the_request() -> None:
    seen: list[int] = []

    def stop(line: str) -> None:
        seen.append(int(line))
        raise _Cancelled

    started = time.monotonic()
    with pytest.raises(_Cancelled):
        arguments = [sys.executable, "-u", "-c", _FAMILY]
        run_processes(arguments, dict(os.environ), lambda e: None, stop, grace_s=0.5)
    assert _gone(seen[0])
    assert time.monotonic() - started < 30


_OWNER = f"""
import os, sys
from joppo.tasks.launch import run_processes
def show(line): print(line, flush=True)
run_processes([sys.executable, "-u", "-c", {_FAMILY!r}], dict(os.environ), show, show)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_the_processes_end_when_their_owner_is_killed() -> None:
    owner = subprocess.Popen([sys.executable, "-c", _OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    grandchild = int(owner.stdout.readline())
    parent = int(Path(f"/proc/{grandchild}/stat").read_text().rpartition(")")[2].split()[1])
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert _gone(parent)
    os.kill(grandchild, signal.SIGKILL)


def test_the_trainer_ends_when_its_launcher_is_gone(tmp_path: Path) -> None:
    """What `training.trainer.run` does in every process; the launcher in between is killed."""
    trainer = (
        "from joppo.training.trainer.run import end_with_parent; import os, time;"
        "end_with_parent(); print(os.getpid(), flush=True); time.sleep(600)"
    )
    launcher = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {trainer!r}]);"
        "time.sleep(600)"
    )
    started = subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    pid = int(started.stdout.readline())
    started.kill()
    started.wait()
    assert _gone(pid)


def test_commands() -> None:
    spec = Path("spec.json")
    one = command(spec, LaunchConfig(cpu=True))
    assert one[1:] == ["-m", "joppo.training.trainer.run", "spec.json"]
    two = command(spec, LaunchConfig(cpu=True, processes=2))
    assert "torch.distributed.run" in two
    assert two[two.index("--nproc_per_node") + 1] == "2"
    gpus = command(spec, LaunchConfig(processes=4, accelerate="ddp.yaml"))
    assert gpus[gpus.index("--config_file") + 1] == "ddp.yaml"
    assert gpus[gpus.index("--num_processes") + 1] == "4"
    assert "accelerate.commands.launch" in gpus and gpus[-1] == "spec.json"


def test_environment_is_bounded_and_extended() -> None:
    env = environment(LaunchConfig(cpu=True, threads=2, env={"NCCL_DEBUG": "INFO"}))
    assert env["OMP_NUM_THREADS"] == "2"
    assert env["NCCL_DEBUG"] == "INFO"
    assert env["HF_HUB_DISABLE_TELEMETRY"] == "1"
