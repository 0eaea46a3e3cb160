"""Bare deployment names, and finding the server of `joppo up`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from joppo.flows.server.local_server import NOTE, forget_server, note_server, running_server
from joppo.flows.server.plugin import complete_bare_name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["prefect", "deployment", "run", "a-b"], ["prefect", "deployment", "run", "a-b/a-b"]),
        (["prefect", "deployment", "run", "a/b"], ["prefect", "deployment", "run", "a/b"]),
        (["prefect", "deployment", "run", "--id"], ["prefect", "deployment", "run", "--id"]),
        (["prefect", "deployment", "run"], ["prefect", "deployment", "run"]),
        (["prefect", "deployment", "ls"], ["prefect", "deployment", "ls"]),
        (["pytest", "x", "y", "z"], ["pytest", "x", "y", "z"]),
    ],
)
def test_only_a_bare_name_is_completed(before: list[str], after: list[str]) -> None:
    complete_bare_name(before)
    assert before == after


def test_a_server_is_found_only_while_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert running_server() is None
    note_server("http://127.0.0.1:1/api", os.getpid())
    assert running_server() == "http://127.0.0.1:1/api"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    note_server("http://127.0.0.1:1/api", ended.pid)
    assert running_server() is None
    forget_server()
    assert not NOTE.exists()


def test_prefect_takes_the_noted_server(tmp_path: Path) -> None:
    """In a process of its own, because the hook runs once, at `import prefect`."""
    (tmp_path / "prefect.toml").write_text("[plugins]\nenabled = true\n")
    (tmp_path / ".prefect").mkdir()
    note = {"api_url": "http://127.0.0.1:9/api", "pid": os.getpid()}
    (tmp_path / NOTE).write_text(json.dumps(note))
    show = "import prefect.settings as s; print(s.get_current_settings().api.url)"
    env = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    env |= {"PREFECT_HOME": str(tmp_path / "home")}
    for api_url, expected in ((None, note["api_url"]), ("http://127.0.0.1:8/api",) * 2):
        run = subprocess.run(
            [sys.executable, "-c", show],
            cwd=tmp_path,
            env=env | ({"PREFECT_API_URL": api_url} if api_url else {}),
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split()[-1] == expected
