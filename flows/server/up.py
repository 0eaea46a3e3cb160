"""`joppo up`: a Prefect server, the work pools, the deployments and one worker per pool, here.

Everything runs in child processes that end with this one. Other commands in this folder find the
server through the note of `flows/server/local_server.py`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from joppo.flows.server.local_server import forget_server, note_server, running_server
from joppo.flows.server.server_setup import set_up_server
from joppo.tasks.locks import visible_gpus

PREFECT = [sys.executable, "-m", "prefect"]
# Runs of the gpu pool at a time: one per GPU, and one on a machine without. Which GPUs a training
# gets is settled by locks (tasks/locks.py), so one that takes several lets the others wait.
GPU_LIMIT = "JOPPO_GPUS"
STARTUP_SECONDS = 300
STOP_SECONDS = 20


class UpError(RuntimeError):
    """The local system could not be started; the message names the remedy."""


@dataclass
class Children:
    """Child processes that are stopped together, the first one last."""

    env: Mapping[str, str]
    log: Path | None = None
    """where their output goes; None for that of this process"""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start `prefect ARGS` in a process group of its own, so that Ctrl-C reaches us alone.

        `env` is added to the environment of all.
        """
        with ExitStack() as opened:
            out = None if self.log is None else opened.enter_context(self.log.open("ab"))
            process = subprocess.Popen(
                [*PREFECT, *args],
                env={**(env or {}), **self.env},
                start_new_session=True,
                stdout=out,
                stderr=out,
            )
        self.processes.append(process)
        return process

    def run(self, *args: str) -> None:
        """Run `prefect ARGS` to its end; raises UpError with its output if it fails."""
        done = subprocess.run(
            [*PREFECT, "--no-prompt", *args], env=dict(self.env), capture_output=True, text=True
        )
        if done.returncode:
            raise UpError(f"prefect {' '.join(args)} failed:\n{done.stdout}{done.stderr}")

    def stop(self) -> None:
        """The first is the server: the others end at once while it answers, and wait without."""
        _end(self.processes[1:])
        _end(self.processes[:1])


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_server(api_url: str, server: subprocess.Popen[bytes], seconds: float) -> None:
    """Return when the server answers.

    Raises:
        UpError: it ended, or did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise UpError(f"the server ended with code {server.returncode}; see its output")
        try:
            with urlopen(f"{api_url}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise UpError(f"the server did not answer at {api_url} within {seconds:.0f} s")


def check_place(port: int) -> None:
    """Refuse to start where it cannot work.

    Raises:
        UpError: no prefect.yaml here, a server of ours is up already, or the port is taken.
    """
    if not Path("prefect.yaml").is_file():
        raise UpError(
            "no prefect.yaml in this folder: run this in a clone of the repository, "
            "whose deployments it uses"
        )
    if url := running_server():
        raise UpError(f"already up: {url}")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise UpError(f"port {port} is taken: choose another with --port")


@dataclass
class Local:
    """The local system while it is up."""

    api_url: str
    children: Children
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """pool -> what is added to the environment of its worker and runs"""
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    """pool -> its worker"""

    @property
    def ui(self) -> str:
        return self.api_url.removesuffix("/api")

    def work(self, pool: str) -> None:
        """Start the worker of a pool."""
        name = f"local-{pool}"
        self.workers[pool] = self.children.start(
            "worker", "start", "--pool", pool, "--name", name, env=self.env.get(pool)
        )

    def keep_up(self) -> None:
        """Start anew the workers that have ended.

        Raises:
            UpError: the server has ended.
        """
        server = self.children.processes[0]
        if server.poll() is not None:
            raise UpError(
                f"the server ended with code {server.returncode}: start again, finished work is "
                "found again"
            )
        for pool, worker in list(self.workers.items()):
            if worker.poll() is not None:
                print(
                    f"the {pool} worker ended with code {worker.returncode}: a new one starts",
                    file=sys.stderr,
                    flush=True,
                )
                self.work(pool)


def gpu_slots(env: Mapping[str, str], slots: int | None) -> int:
    """Runs of the gpu pool at a time: `slots`, else `$JOPPO_GPUS`, else one per GPU, at least 1.

    Raises:
        UpError: $JOPPO_GPUS is no number above 0.
    """
    if slots is not None:
        return slots
    text = env.get(GPU_LIMIT, "")
    if not text:
        return max(1, len(visible_gpus(env)))
    if not text.isdecimal() or int(text) < 1:
        raise UpError(f"{GPU_LIMIT} is {text!r}: set it to a number above 0, or unset it")
    return int(text)


def share_cores(slots: int) -> dict[str, str]:
    """Environment in which so many runs at a time share this machine's cores.

    Each would take all of them, and threads that wait for each other would spin on cores that the
    others need.
    """
    threads = max(1, (os.cpu_count() or 1) // slots)
    return {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}


@contextmanager
def system(port: int, slots: int | None = None, log: Path | None = None) -> Iterator[Local]:
    """Server, pools, deployments and workers; everything stops at the end.

    Args:
        slots: runs of the gpu pool at a time; see `gpu_slots`.
        log: file for what server, workers and runs say, in place of the terminal.
    """
    check_place(port)  # before the try: a refusal must not remove the note of the one that is up
    limit = gpu_slots(os.environ, slots)
    api_url = f"http://127.0.0.1:{port}/api"
    children = Children({**os.environ, "PREFECT_API_URL": api_url}, log)
    # Not for the cpu pool: it has one run at a time, and images made on a CPU follow its threads.
    local = Local(api_url, children, {"gpu": share_cores(limit)})
    try:
        server = children.start("server", "start", "--host", "127.0.0.1", "--port", str(port))
        wait_for_server(api_url, server, STARTUP_SECONDS)
        pools = {"cpu": None, "gpu": limit}
        set_up_server(api_url, pools)
        children.run("deploy", "--all")
        for pool in pools:
            local.work(pool)
        note_server(api_url, os.getpid())
        yield local
    finally:
        forget_server()
        children.stop()


def up(port: int) -> None:
    """Run the system until Ctrl-C or SIGTERM."""
    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))
    with system(port) as local:
        print(f"\nJoPPO is up: {local.ui}\nIn another terminal, in this folder:")
        print("  prefect deployment run build-sft-data\nCtrl-C stops everything.", flush=True)
        while not stopped:
            local.keep_up()
            time.sleep(0.5)
