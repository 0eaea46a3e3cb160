"""A GPU has one training at a time, and so has a run folder, whoever started it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import joppo.tasks.locks as locks
from joppo.tasks.locks import VISIBLE, alone, gpus, visible_gpus


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(locks, "WAIT_S", 0.02)


def _silent(line: str) -> None:
    raise AssertionError(f"it had to wait: {line}")


def test_runs_take_different_gpus_and_give_them_back() -> None:
    env = {VISIBLE: "4, 5,6"}
    assert visible_gpus(env) == ["4", "5", "6"]
    with gpus(1, env, _silent) as first, gpus(2, env, _silent) as second:
        assert first[VISIBLE] == "4"
        assert second[VISIBLE] == "5,6"
        assert first["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    with gpus(3, env, _silent) as all_of_them:
        assert all_of_them[VISIBLE] == "4,5,6"


def test_a_run_waits_for_all_its_gpus_and_keeps_none_meanwhile() -> None:
    env, said, got = {VISIBLE: "0,1"}, list[str](), list[str]()

    def second() -> None:
        with gpus(2, env, said.append) as shown:
            got.append(shown[VISIBLE])

    with gpus(1, env, _silent):
        waiting = threading.Thread(target=second)
        waiting.start()
        while not said:
            assert waiting.is_alive()
        # The other GPU stays free for a run that needs only one.
        with gpus(1, env, lambda line: None) as third:
            assert third[VISIBLE] == "1"
        assert got == []
    waiting.join(20)
    assert got == ["0,1"]
    assert said == ["waiting for 2 of the GPUs 0, 1: others train on them"]


def test_too_few_gpus_are_left_to_the_preflight_check(monkeypatch: pytest.MonkeyPatch) -> None:
    with gpus(2, {VISIBLE: "0"}, _silent) as shown:
        assert shown == {}
    monkeypatch.setattr(locks.shutil, "which", lambda name: None)
    assert visible_gpus({}) == []
    with gpus(0, {}, _silent) as shown:
        assert shown[VISIBLE] == ""


_HOLDER = """
import sys, time
from pathlib import Path
from joppo.tasks.locks import alone
with alone(Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_killed_owner_frees_its_run_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        os.kill(holder.pid, signal.SIGKILL)

    with alone(folder, say):
        assert said == [f"waiting for another process that trains in {folder}"]
    holder.communicate()
