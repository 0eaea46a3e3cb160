"""A stage in a process of its own: its memory, its failure, its death, and what it printed."""

import os
import signal
from pathlib import Path

import pytest

from joppo.flows.rehearsal.isolated import run_isolated
from joppo.flows.rehearsal.run import unmet
from joppo.flows.rehearsal.stages import STAGES
from joppo.training.rehearsal.outcome import StageOutcome, Warned

pytestmark = pytest.mark.timeout(300)
MIB = 2**20


def takes(mib: int) -> StageOutcome:
    memory = b"x" * (mib * MIB)
    print("took", len(memory))
    warning = Warned("about", "remedy")
    return StageOutcome("stage", "passed", warnings=[warning], measures={"n": 1.0})


def fails() -> StageOutcome:
    raise ValueError("it cannot work:\n  do it otherwise")


def dies() -> StageOutcome:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_result_memory_and_log_come_back(tmp_path: Path) -> None:
    small = run_isolated("stage", takes, (1,), tmp_path)
    large = run_isolated("stage", takes, (600,), tmp_path)
    assert large.status == "passed" and large.measures == {"n": 1.0}
    assert large.warnings == [Warned("about", "remedy")]
    assert small.memory_gib is not None and large.memory_gib is not None
    assert 0.5 < large.memory_gib - small.memory_gib < 0.8
    assert large.seconds > 0 and "took" in (tmp_path / "stage.log").read_text()


def test_a_failure_is_one_line_and_its_traceback_is_in_the_log(tmp_path: Path) -> None:
    outcome = run_isolated("stage", fails, (), tmp_path)
    assert outcome.status == "failed"
    assert outcome.reason == "ValueError: it cannot work: do it otherwise"
    assert str(tmp_path / "stage.log") in outcome.remedy
    assert "Traceback" in (tmp_path / "stage.log").read_text()


def test_a_killed_stage_says_so_and_leaves_no_earlier_result(tmp_path: Path) -> None:
    assert run_isolated("stage", takes, (1,), tmp_path).status == "passed"
    outcome = run_isolated("stage", dies, (), tmp_path)
    assert outcome.status == "failed" and "signal 9" in outcome.reason
    assert "memory" in outcome.reason and outcome.memory_gib is None


def test_a_stage_waits_for_those_that_it_needs_alone() -> None:
    passed = StageOutcome("labels", "passed")
    failed = StageOutcome("build", "failed")
    assert unmet(("labels",), {"labels": passed}) == []
    assert unmet(("labels", "build"), {"labels": passed, "build": failed}) == ["build"]
    names = list(STAGES)
    for number, (_, needs) in enumerate(STAGES.values()):
        assert set(needs) <= set(names[:number])
