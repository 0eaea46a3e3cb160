"""The local system: how many runs of the gpu pool at a time, and workers that are kept up."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from joppo.flows.server.up import Children, Local, UpError, gpu_slots, share_cores


@pytest.mark.parametrize(
    ("env", "wanted", "slots"),
    [
        ({"CUDA_VISIBLE_DEVICES": ""}, None, 1),
        ({"CUDA_VISIBLE_DEVICES": "0,1,3"}, None, 3),
        ({"CUDA_VISIBLE_DEVICES": "0,1,3", "JOPPO_GPUS": "2"}, None, 2),
        ({"JOPPO_GPUS": "2"}, 5, 5),
    ],
)
def test_runs_of_the_gpu_pool_at_a_time(
    env: dict[str, str], wanted: int | None, slots: int
) -> None:
    assert gpu_slots(env, wanted) == slots


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UpError, match=f"JOPPO_GPUS is '{text}'"):
        gpu_slots({"JOPPO_GPUS": text}, None)


@pytest.mark.parametrize(
    ("cores", "slots", "threads"), [(2, 1, "2"), (2, 3, "1"), (64, 8, "8"), (None, 1, "1")]
)
def test_runs_share_the_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, slots: int, threads: str
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert share_cores(slots)["OMP_NUM_THREADS"] == threads


class Process:
    """As much of a process as is looked at; `code` is None while it runs."""

    def __init__(self, *args: str) -> None:
        self.args, self.returncode = args, None

    def poll(self) -> int | None:
        return self.returncode


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Local:
    """A system whose processes are stand-ins."""

    def start(self: Children, *args: str, env: Any = None) -> Any:
        self.processes.append(Process(*args, *(env or {})))  # type: ignore[arg-type]
        return self.processes[-1]

    monkeypatch.setattr(Children, "start", start)
    made = Local("http://127.0.0.1:1/api", Children({}), {"gpu": {"OMP_NUM_THREADS": "1"}})
    made.children.start("server", "start")
    made.work("cpu")
    made.work("gpu")
    return made


def test_an_environment_is_that_of_its_pool(local: Local) -> None:
    assert "OMP_NUM_THREADS" in local.workers["gpu"].args
    assert "OMP_NUM_THREADS" not in local.workers["cpu"].args


def test_what_is_set_already_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joppo.flows.server.up.PREFECT", ["sh", "-c"])
    children = Children({"PATH": "/usr/bin:/bin", "A": "mine"}, tmp_path / "log")
    assert children.start("echo $A $B", env={"A": "yours", "B": "yours"}).wait(30) == 0
    assert (tmp_path / "log").read_text() == "mine yours\n"


def test_a_worker_that_ended_is_started_anew(local: Local, capfd: Any) -> None:
    local.keep_up()
    assert len(local.children.processes) == 3
    first = local.workers["gpu"]
    first.returncode = -9
    local.keep_up()
    assert local.workers["gpu"] is not first and local.workers["gpu"].poll() is None
    assert local.workers["gpu"].args == first.args  # the same name, so the same worker
    assert len(local.children.processes) == 4, "the new one is stopped with the others"
    assert "gpu worker ended with code -9" in capfd.readouterr().err
    local.keep_up()
    assert len(local.children.processes) == 4


def test_a_server_that_ended_ends_the_system(local: Local) -> None:
    local.children.processes[0].returncode = 3
    with pytest.raises(UpError, match="server ended with code 3"):
        local.keep_up()


def test_output_goes_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joppo.flows.server.up.PREFECT", ["sh", "-c"])
    children = Children({"PATH": "/usr/bin:/bin"}, tmp_path / "log")
    for text in ("one", "two"):
        assert children.start(f"echo {text}; echo {text} >&2").wait(30) == 0
    assert sorted((tmp_path / "log").read_text().split()) == ["one", "one", "two", "two"]
    assert isinstance(children.processes[0], subprocess.Popen)
    children.stop()
