"""Run deployments from a flow and answer for them.

A child is submitted with an idempotency key, so that a retry of the parent finds it again; it is
awaited with a deadline; its final state is checked; and it is cancelled when the parent is, or when
the parent gives up. One that crashed, because its process or its worker was killed, is submitted
again: trainings go on from their checkpoint.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.logging import get_run_logger
from prefect.runtime import flow_run as parent
from prefect.states import Cancelling

from joppo.data.store.hashing import SHORT, content_hash

POLL_S = 5.0
TRIES = 3
"""Submissions of a child that crashes again and again."""
Then = Callable[[int], Sequence["Child"]]
"""Place of a child whose run has ended -> children that wait for no one any more."""


class ChildFailedError(RuntimeError):
    """A child did not complete; the message names each with its state, and says what is kept."""


@dataclass(frozen=True)
class Child:
    """A deployment to run: its name (that of its flow), parameters, and a title for people."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None

    def key(self) -> str:
        """The same for the same work of the same parent run, also when that is retried."""
        owner = parent.id or uuid4()
        return f"{owner}-{content_hash(self.name, dict(self.parameters))[:SHORT]}"


def run_children(
    children: Sequence[Child], timeout_s: float, poll_s: float = POLL_S
) -> list[FlowRun]:
    """Submit all, wait for all, and return their runs in the given order.

    One that fails does not end the others. Called in the main thread of a flow, a cancel of the
    flow reaches the children at once.

    Raises:
        ChildFailedError: some did not complete, or not within `timeout_s` seconds together; these
            are cancelled.
    """
    runs = follow_children(children, timeout_s, poll_s)
    _check(children, runs, timeout_s)
    return runs


def follow_children(
    children: Sequence[Child], timeout_s: float, poll_s: float = POLL_S, then: Then | None = None
) -> list[FlowRun]:
    """As `run_children`, for a caller that goes on without those that failed: ask `problem`.

    Where a run has ended, `then` may name more children; they are submitted at once, and their runs
    come after all others, in the order in which they were named.
    """
    known, runs = list(children), list[FlowRun]()
    with get_client(sync_client=True) as client, _cancelled_with_us(client, runs):
        for child in children:
            runs.append(_submit(child))
        _await(client, known, runs, timeout_s, poll_s, then)
    return runs


def problem(run: FlowRun, timeout_s: float) -> str | None:
    """Why a run gave nothing; None where it completed."""
    return None if _completed(run) else _told(run, timeout_s)


def _submit(child: Child) -> FlowRun:
    """The child's run: one that is under way or done, else a new one.

    A key stays with its run for good. One that failed before is not what a retry asks for, so the
    next key is tried.
    """
    for attempt in count(1):
        run = run_deployment(
            f"{child.name}/{child.name}",
            parameters=dict(child.parameters),
            idempotency_key=f"{child.key()}-{attempt}",
            flow_run_name=child.title,
            timeout=0,
        )
        assert isinstance(run, FlowRun)
        if _completed(run) or not _final(run):
            break
    return run


@contextmanager
def _cancelled_with_us(client: SyncPrefectClient, runs: list[FlowRun]) -> Iterator[None]:
    """Whatever ends the wait, be it a signal, leaves no child behind."""
    try:
        yield
    finally:
        for run in runs:
            if not _final(run):
                _cancel(client, run.id)


def _cancel(client: SyncPrefectClient, run: UUID) -> None:
    state = client.read_flow_run(run).state
    if state is None or not state.is_final():
        client.set_flow_run_state(run, Cancelling(message="The parent flow run ended."))


def _await(
    client: SyncPrefectClient,
    children: list[Child],
    runs: list[FlowRun],
    timeout_s: float,
    poll_s: float,
    then: Then | None,
) -> None:
    """Follow the runs, in place, until all are final or the time is over."""
    end = time.monotonic() + timeout_s
    tries, ended = Counter[int](), set[int]()
    while True:
        for place, child in enumerate(children):  # grows
            if place in ended or not _final(runs[place]):
                continue
            if _crashed(runs[place]) and tries[place] < TRIES - 1:
                tries[place] += 1
                told = (runs[place].name, _told(runs[place], timeout_s))
                get_run_logger().warning("%s: %s; it is submitted again", *told)
                runs[place] = _submit(child)
                continue
            ended.add(place)
            for more in then(place) if then else ():
                children.append(more)
                runs.append(_submit(more))
        if len(ended) == len(runs) or time.monotonic() >= end:
            return
        time.sleep(min(poll_s, max(end - time.monotonic(), 0)))
        runs[:] = [run if _final(run) else _seen(client, run) for run in runs]


def _seen(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """The run as it is now; as it was where the server does not answer, which may pass."""
    try:
        return client.read_flow_run(run.id)
    except httpx.TransportError as error:
        get_run_logger().warning("the state of %s is not known: %s", run.name, error)
        return run


def _final(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_final()


def _completed(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_completed()


def _crashed(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_crashed()


def _check(children: Sequence[Child], runs: Sequence[FlowRun], timeout_s: float) -> None:
    problems = [
        f"{child.name} ({run.name}): {_told(run, timeout_s)}"
        for child, run in zip(children, runs, strict=True)
        if not _completed(run)
    ]
    if problems:
        raise ChildFailedError(
            f"{len(problems)} of {len(runs)} runs did not complete: {'; '.join(problems)}. "
            "Checkpoints are kept: run again to go on from them"
        )


def _told(run: FlowRun, timeout_s: float) -> str:
    if not _final(run):
        return f"not done within {timeout_s:.0f} s, cancelled"
    assert run.state is not None
    return f"{run.state.name} {run.state.message or ''}".strip()
