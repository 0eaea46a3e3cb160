"""Run deployments from a flow and answer for them.

A child is submitted with an idempotency key, so that a retry of the parent finds it again; it is
awaited with a deadline; its final state is checked; and it is cancelled when the parent is, or when
the parent gives up. One that crashed, because its process or its worker was killed, is submitted
again: trainings go on from their checkpoint.
"""

import time
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


class ChildFailedError(RuntimeError):
    """A child did not complete; the message names each with its state, and says what is kept."""


@dataclass(frozen=True, eq=False)
class Child:
    """A deployment to run: its name (that of its flow), parameters, and a title for people.

    Two children are different ones even if they are to do the same.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None

    def key(self) -> str:
        """The same for the same work of the same parent run, also when that is retried."""
        owner = parent.id or uuid4()
        return f"{owner}-{content_hash(self.name, dict(self.parameters))[:SHORT]}"


Then = Callable[[Child], Sequence[Child]]
"""A child whose run has ended -> children that can be submitted now."""


@dataclass(eq=False)
class _Submitted:
    """A child with its newest run."""

    child: Child
    run: FlowRun
    tries: int = 1


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
    followed = follow_children(children, timeout_s, poll_s)
    problems = [
        f"{child.name} ({run.name}): {why}"
        for child, run in followed
        if (why := problem(run, timeout_s))
    ]
    if problems:
        raise ChildFailedError(
            f"{len(problems)} of {len(followed)} runs did not complete: {'; '.join(problems)}. "
            "Checkpoints are kept: run again to go on from them"
        )
    return [run for _, run in followed]


def follow_children(
    children: Sequence[Child], timeout_s: float, poll_s: float = POLL_S, then: Then | None = None
) -> list[tuple[Child, FlowRun]]:
    """As `run_children`, for a caller that goes on without those that failed: ask `problem`.

    When a run has ended, `then` may name more children, which are submitted at once.

    Returns:
        Every child with its run, in the order in which they were submitted.
    """
    submitted: list[_Submitted] = []
    with get_client(sync_client=True) as client, _cancel_at_exit(client, submitted):
        _follow(client, submitted, children, then or (lambda child: ()), timeout_s, poll_s)
    return [(one.child, one.run) for one in submitted]


def problem(run: FlowRun, timeout_s: float) -> str | None:
    """Why a run gave nothing; None if it completed."""
    if _completed(run):
        return None
    if not _final(run):
        return f"not done within {timeout_s:.0f} s, cancelled"
    assert run.state is not None
    return f"{run.state.name} {run.state.message or ''}".strip()


def _follow(
    client: SyncPrefectClient,
    submitted: list[_Submitted],
    children: Sequence[Child],
    then: Then,
    timeout_s: float,
    poll_s: float,
) -> None:
    """Submit children and those that they make possible, until all have ended or time is over.

    `submitted` takes up each of them as soon as it has a run.
    """
    deadline = time.monotonic() + timeout_s
    waiting = _submit_all(children, submitted)
    while waiting:
        ended = [one for one in waiting if _has_ended(one, timeout_s)]
        waiting = [one for one in waiting if one not in ended]
        waiting += _submit_all([more for one in ended for more in then(one.child)], submitted)
        if ended:
            continue  # one that was submitted just now may have been done by an earlier try
        if time.monotonic() >= deadline:
            return
        time.sleep(min(poll_s, max(deadline - time.monotonic(), 0)))
        for one in waiting:
            one.run = _refreshed(client, one.run)


def _has_ended(one: _Submitted, timeout_s: float) -> bool:
    """Whether a run is over for good; one that crashed is submitted again, `TRIES` times in all."""
    if not _final(one.run):
        return False
    if not _crashed(one.run) or one.tries >= TRIES:
        return True
    why = problem(one.run, timeout_s)
    get_run_logger().warning("%s: %s; it is submitted again", one.run.name, why)
    one.run, one.tries = _submit(one.child), one.tries + 1
    return False


def _submit_all(children: Sequence[Child], submitted: list[_Submitted]) -> list[_Submitted]:
    """Submit children one by one, so that those before a failure are known in `submitted`."""
    first = len(submitted)
    for child in children:
        submitted.append(_Submitted(child, _submit(child)))
    return submitted[first:]


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
def _cancel_at_exit(client: SyncPrefectClient, submitted: list[_Submitted]) -> Iterator[None]:
    """Whatever ends the wait, be it a signal, leaves no child behind."""
    try:
        yield
    finally:
        for one in submitted:
            if not _final(one.run):
                _cancel(client, one.run.id)


def _cancel(client: SyncPrefectClient, run: UUID) -> None:
    state = client.read_flow_run(run).state
    if state is None or not state.is_final():
        client.set_flow_run_state(run, Cancelling(message="The parent flow run ended."))


def _refreshed(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """The run as it is now; as it was if the server does not answer, which may pass."""
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
