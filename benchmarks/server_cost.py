"""What one task run costs a Prefect server with its default database (SQLite).

    python -m benchmarks.server_cost [--runs 500]

A server of its own (a fresh home, a free port) records a flow of so many tasks that do nothing; its
processor time and the size of its database are read before the flow and when the server has been
idle again for some seconds. Printed per task run; and how many of the runs were recorded.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_IDLE_S, _IDLE_SHARE, _WAIT_S = 5.0, 0.15, 240.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=500)
    runs = parser.parse_args().runs
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "PREFECT_HOME": home,
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_LOGGING_LEVEL": "ERROR",
        }
        command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                wait_until_up(os.environ["PREFECT_API_URL"])
                measure(server.pid, Path(home), runs)
            finally:
                server.terminate()


def wait_until_up(url: str) -> None:
    """Return when the server answers."""
    for _ in range(360):
        try:
            urlopen(f"{url}/health", timeout=5).close()
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise TimeoutError(f"no server at {url} after three minutes")


def measure(server: int, home: Path, runs: int) -> None:
    """Run the flow and print the figures."""
    from prefect import flow, task
    from prefect.client.orchestration import get_client
    from prefect.task_runners import ThreadPoolTaskRunner

    @task(persist_result=False)
    def nothing(number: int) -> int:
        return number

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=8))
    def many(count: int) -> None:
        for future in [nothing.submit(number) for number in range(count)]:
            future.result()

    many(8)
    settle(server)
    cpu, size, start = cpu_seconds(server), database_bytes(home), time.monotonic()
    many(runs)
    wall = time.monotonic() - start
    settle(server)
    with get_client(sync_client=True) as client:
        recorded = client.request("POST", "/task_runs/count", json={}).json() - 8
    print(
        f"{runs} task runs in {wall:.1f} s, {recorded} recorded; per run: server "
        f"{(cpu_seconds(server) - cpu) / runs * 1000:.0f} ms of processor time, database "
        f"{(database_bytes(home) - size) / runs / 1000:.1f} kB"
    )


def settle(server: int) -> None:
    """Return when the server has used little processor time for some seconds."""
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        before = cpu_seconds(server)
        time.sleep(_IDLE_S)
        if cpu_seconds(server) - before < _IDLE_SHARE * _IDLE_S:
            return
    raise TimeoutError("the server does not come to rest")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of the children that it still has."""
    tick = os.sysconf("SC_CLK_TCK")
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / tick
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def database_bytes(home: Path) -> int:
    """SQLite's file with its write-ahead log."""
    return sum(path.stat().st_size for path in home.glob("prefect.db*"))


if __name__ == "__main__":
    main()
