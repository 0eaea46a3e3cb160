"""A cancelled flow run ends the processes of its training task: as a worker does it, by SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME

FLOW = """
import os, sys
from prefect import flow, task
from joppo.tasks.launch import run_processes

CHILD = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"

def show(line):
    print("child", line, file=sys.stderr, flush=True)

@task
def train():
    run_processes([sys.executable, "-u", "-c", CHILD], dict(os.environ), show, show)

@flow
def training():
    train()

training()
"""


@pytest.mark.usefixtures("prefect_backend")
def test_the_processes_end_within_thirty_seconds(tmp_path: Path) -> None:
    env = os.environ | {
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        "PREFECT_HOME": str(PREFECT_HOME.value()),
        "PYTHONPATH": str(Path.cwd()),
    }
    owner = subprocess.Popen(
        [sys.executable, "-u", "-c", FLOW], env=env, stderr=subprocess.PIPE, text=True
    )
    assert owner.stderr is not None
    child = next(int(line.split()[1]) for line in owner.stderr if line.startswith("child "))
    owner.send_signal(signal.SIGTERM)
    end = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    try:
        assert not Path(f"/proc/{child}").exists()
    finally:
        owner.kill()
        owner.communicate()
