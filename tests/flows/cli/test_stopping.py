"""SIGTERM and Ctrl-C end a command that waits for a teacher, and what was answered is kept."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
import yaml
from prefect.settings import PREFECT_API_URL, PREFECT_HOME
from typer.testing import CliRunner

from joppo.data.teachers.journal import Journal
from joppo.flows.cli.errors import Commands
from joppo.flows.cli.stopping import Terminated
from tests.mocks.llm_servers import Faults, LLMServer
from tests.training.scoring.scored_files import good_photos

ENDED_S = 5.0
JOPPO = [sys.executable, "-c", "from joppo.flows.cli.app import main; main()"]


class SomeAnswered:
    """Answers the first `good` requests; the others meet the outcome for ever."""

    def __init__(self, good: int, outcome: str) -> None:
        self.good, self.outcome = good, outcome
        self.asked: list[str] = []
        self.answered = 0

    def __call__(self, item: str, nth: int) -> str:
        if item not in self.asked:
            self.asked.append(item)
        good = self.asked.index(item) < self.good
        self.answered += good
        return "ok" if good else self.outcome


def until(condition, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def start(arguments: list[str], log: Path, **env: str) -> subprocess.Popen:
    values = os.environ | {"OPENAI_API_KEY": "sk-stop-0123456789", "OMP_NUM_THREADS": "1"} | env
    values |= {"PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(
        [*JOPPO, *arguments],
        env=values,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        preexec_fn=_as_in_a_terminal,
    )


def _as_in_a_terminal() -> None:
    """Jobs that a shell starts in the background ignore Ctrl-C, and so do all their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def seconds_to_end(child: subprocess.Popen, number: signal.Signals) -> float:
    began = time.monotonic()
    child.send_signal(number)
    try:
        child.wait(60)
    finally:
        child.kill()
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("outcome", "number"),
    [("500", signal.SIGTERM), ("hang", signal.SIGTERM), ("500", signal.SIGINT)],
)
@pytest.mark.usefixtures("prefect_backend")
def test_a_build_that_waits_for_its_teacher_ends(
    outcome: str, number: signal.Signals, tmp_path: Path
) -> None:
    script = SomeAnswered(6, outcome)
    with LLMServer(Faults(hang_s=600), script) as server:
        teacher = {
            "name": "gpt",
            "provider": "openai",
            "model": "gpt-4o",
            "base_url": server.openai_url,
            "price": {"input": 1.0, "output": 1.0},
            "image_size": 64,
        }
        config = {
            "scenes": {"per_category": 1, "size": 64},
            "reasoning": {"forms": ["multiple_choice"], "routes": [{"teacher": "gpt"}]},
            "teachers": {"providers": [teacher]},
        }
        path, log = tmp_path / "build.yaml", tmp_path / "log"
        path.write_text(yaml.safe_dump(config))
        child = start(
            ["build", str(path), "--store", str(tmp_path / "store")],
            log,
            PREFECT_API_URL=str(PREFECT_API_URL.value()),
            PREFECT_HOME=str(PREFECT_HOME.value()),
        )
        waits = "waiting for teacher gpt since" if outcome == "500" else "reason"
        until(lambda: len(script.asked) > 15 and (waits in log.read_text() or outcome == "hang"))
        assert seconds_to_end(child, number) < ENDED_S
        assert child.returncode == 128 + number
        assert "stopped: everything that was done is kept" in log.read_text()
    assert Journal(tmp_path / "store" / "journal" / "teachers.sqlite").count() == 6


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_scoring_that_waits_for_its_endpoint_ends(number: signal.Signals, tmp_path: Path) -> None:
    good_photos(tmp_path / "photos")
    script = SomeAnswered(3, "hang")
    with LLMServer(Faults(hang_s=600), script) as server:
        log = tmp_path / "log"
        where = ["--endpoint", server.openai_url, "--model", "judge"]
        store = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "out")]
        child = start(["score", str(tmp_path / "photos"), *where, *store], log)
        until(lambda: len(script.asked) > 5)
        time.sleep(0.5)
        assert seconds_to_end(child, number) < ENDED_S
        assert child.returncode == 128 + number
    # The mock's answers are not in a judge's form: they are kept as first of two steps.
    with sqlite3.connect(tmp_path / "store" / "journal" / "teachers.sqlite") as journal:
        (kept,) = journal.execute("SELECT COUNT(*) FROM answers").fetchone()
    assert kept == script.answered >= 3


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (Terminated(), 143), (SystemExit(3), 3)],
)
def test_the_exit_code_is_that_of_the_signal(error: BaseException, code: int) -> None:
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @app.command()
    def one() -> None:
        raise error

    @app.command()
    def two() -> None:
        """A second command, so that the first is called by its name."""

    assert CliRunner().invoke(app, ["one"]).exit_code == code
