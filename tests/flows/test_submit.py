"""A child deployment is found again, waited for, checked, and cancelled with its parent."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Completed, Crashed, Failed, State

from joppo.flows.submit import (
    TRIES,
    Child,
    ChildFailedError,
    follow_children,
    problem,
    run_children,
)

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(600)]
NAME = "a-child"


@flow(name=NAME)
def a_child(number: int = 0) -> int:
    return number


@pytest.fixture(scope="module")
def deployment(prefect_backend: None) -> str:
    """A deployment that no worker takes up: the tests decide how its runs end."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(a_child)
        client.create_deployment(flow_id=flow_id, name=NAME)
    return NAME


def _runs() -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs()
    # Other tests of the process share the server.
    return [run for run in runs if run.deployment_id is not None and "number" in run.parameters]


Ends = Callable[[dict[int, list[State[Any]]]], None]


@pytest.fixture
def ends(deployment: str) -> Iterator[Ends]:
    """Ends new runs of a `number` with the states that are given for it, one run after another."""
    done = threading.Event()
    states: dict[int, list[State[Any]]] = {}

    def work() -> None:
        with get_client(sync_client=True) as client:
            while not done.wait(0.1):
                for run in _runs():
                    left = states.get(run.parameters.get("number", -1))
                    if run.state_name == "Scheduled" and left:
                        client.set_flow_run_state(run.id, left.pop(0), force=True)

    thread = threading.Thread(target=work)
    thread.start()
    yield states.update
    done.set()
    thread.join(30)


@flow
def the_parent(numbers: list[int], timeout_s: float = 60, again: bool = False) -> list[str]:
    """Its children by number; `again` submits them a second time, as a retry does."""
    children = [Child(NAME, {"number": number}) for number in numbers]
    first = run_children(children, timeout_s, poll_s=0.1)
    runs = run_children(children, timeout_s, poll_s=0.1) if again else first
    if again:
        assert [run.id for run in runs] == [run.id for run in first]
    return [str(run.id) for run in runs]


def test_children_are_awaited_and_found_again(ends: Any) -> None:
    ends({1: [Completed()], 2: [Completed()]})
    ids = the_parent([1, 2], again=True)
    mine = [run for run in _runs() if str(run.id) in ids]
    assert {run.parameters["number"] for run in mine} == {1, 2}
    assert all(run.parent_task_run_id for run in mine), "children stand in the parent's graph"
    # Another parent run is other work.
    ends({1: [Completed()]})
    assert set(the_parent([1])).isdisjoint(ids)


def test_one_that_fails_is_named_and_ends_no_other(ends: Any) -> None:
    ends({3: [Failed(message="no disk")], 4: [Completed()]})
    with pytest.raises(ChildFailedError, match=r"1 of 2 runs.*a-child .*Failed no disk.*again"):
        the_parent([3, 4])
    states = {r.parameters["number"]: r.state_name for r in _runs()}
    assert states[3] == "Failed" and states[4] == "Completed"


@flow
def a_retried_parent() -> str:
    child = [Child(NAME, {"number": 5})]
    with pytest.raises(ChildFailedError):
        run_children(child, 60, poll_s=0.1)
    with pytest.raises(ChildFailedError, match="not done within 1 s, cancelled"):
        run_children(child, 1, poll_s=0.1)
    return "done"


def test_a_retry_does_not_get_the_run_that_failed(ends: Any) -> None:
    ends({5: [Failed(message="a kill")]})
    # The second run of this number is left alone, so that its parent gives up.
    assert a_retried_parent() == "done"
    names = sorted(str(r.state_name) for r in _runs() if r.parameters.get("number") == 5)
    assert names == ["Cancelled", "Failed"]


@flow
def a_parent_that_goes_on(number: int) -> list[str | None]:
    """What became of a child, for a parent that can do without it."""
    children = [Child(NAME, {"number": number}, f"number {number}")]
    return [problem(run, 60) for _, run in follow_children(children, 60, poll_s=0.1)]


def test_one_that_crashed_is_submitted_again(ends: Any) -> None:
    ends({8: [Crashed(message="killed"), Completed()]})
    assert a_parent_that_goes_on(8) == [None]
    mine = [run for run in _runs() if run.parameters.get("number") == 8]
    assert sorted(str(run.state_name) for run in mine) == ["Completed", "Crashed"]
    assert {run.name for run in mine} == {"number 8"}


def test_one_that_always_crashes_is_given_up(ends: Any) -> None:
    ends({9: [Crashed(message="killed")] * (TRIES + 1)})
    assert a_parent_that_goes_on(9) == ["Crashed killed"]
    assert sum(run.parameters.get("number") == 9 for run in _runs()) == TRIES


@flow
def a_parent_that_chains() -> list[tuple[int, str]]:
    """Number and state of its children, of which the first makes another one possible."""

    def then(ended: Child) -> list[Child]:
        return [Child(NAME, {"number": 12})] if ended is children[0] else []

    children = [Child(NAME, {"number": number}) for number in (10, 11)]
    followed = follow_children(children, 60, poll_s=0.1, then=then)
    return [(run.parameters["number"], str(run.state_name)) for _, run in followed]


def test_one_that_ended_makes_room_for_another(ends: Any) -> None:
    # The second stays open until the third, which the first made possible, has ended.
    ends({10: [Completed()], 12: [Completed()]})

    def release() -> None:
        while not any(
            r.parameters["number"] == 12 and r.state_name == "Completed" for r in _runs()
        ):
            time.sleep(0.2)
        ends({11: [Failed(message="late")]})

    thread = threading.Thread(target=release)
    thread.start()
    assert a_parent_that_chains() == [(10, "Completed"), (11, "Failed"), (12, "Completed")]
    thread.join(30)


class _Stop(BaseException):
    """As Prefect's TerminationSignal, which a cancel raises in the main thread."""


def test_a_cancel_cascades(deployment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import joppo.flows.submit as submit

    def stopped(*_: Any) -> None:
        raise _Stop

    monkeypatch.setattr(submit.time, "sleep", stopped)
    with pytest.raises(_Stop):
        run_children([Child(NAME, {"number": 6}), Child(NAME, {"number": 7})], 60)
    monkeypatch.undo()
    names = [r.state_name for r in _runs() if r.parameters.get("number") in (6, 7)]
    assert names == ["Cancelled", "Cancelled"]
