"""`joppo reproduce`: the deployment reproduce-paper from a terminal, on a local system of its own.

A system that `joppo up` runs in this folder is used as it is.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console

from joppo.flows.config import load_config
from joppo.flows.parameters import open_store
from joppo.flows.server.local_server import running_server
from joppo.flows.server.up import system
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.store import FOLDER, PAGE, latest

NAME = "reproduce-paper"
LOG = Path(".prefect") / "reproduce.log"
POLL_S = 4.0
CANCEL_S = 60.0
Watch = Callable[[], None]
_PRINTED = ("Running", "Completed", "Failed", "Crashed", "Cancelled")


class NotReproducedError(RuntimeError):
    """The run did not complete; the message says why, and what is kept."""


def reproduce(
    config: Path, seeds: int | None, steps: int | None, slots: int, store: str | None, port: int
) -> None:
    """Run the experiment of a config, follow it, and say where the report is.

    Args:
        seeds: so many in place of the config's, 0 and up, without those it was tuned on.
        steps: of every JoPPO training, in place of the config's.
        slots: trainings at a time, where this command starts the system.

    Raises:
        ConfigError, UpError: before any work.
        NotReproducedError: the run failed or was stopped.
    """
    console = Console()
    overrides = more_seeds(load_config(ReproduceConfig, config), seeds)
    if steps is not None:
        overrides |= {"joppo_values": {"max_steps": steps}}
    load_config(ReproduceConfig, config, overrides)  # refused here, or never
    root = open_store(store)
    values = {"config": str(config), "store": root.root, "overrides": overrides}
    began = time.monotonic()
    with _stoppable(), _system(port, slots, console) as (api_url, watch):
        _run(api_url, values, console, watch)
        minutes = (time.monotonic() - began) / 60
        console.print(f"Report after {minutes:.1f} minutes:", style="bold")
        console.print(f"  {root.root}/{FOLDER}/{latest(root)}/{PAGE}", soft_wrap=True)


def more_seeds(config: ReproduceConfig, count: int | None) -> dict[str, Any]:
    """Overrides that ask for so many seeds: the smallest numbers that nothing was tuned on."""
    if count is None:
        return {}
    free = (seed for seed in range(count + len(config.tuned_on)) if seed not in config.tuned_on)
    return {"seeds": [next(free) for _ in range(count)]}


@contextmanager
def _system(port: int, slots: int, console: Console) -> Iterator[tuple[str, Watch]]:
    """Address of a system, and what keeps it up: the one that is there, or one of our own."""
    if url := running_server():
        yield url, lambda: None
        return
    LOG.parent.mkdir(exist_ok=True)
    console.print(f"starting server and workers; they write to {LOG}")
    with system(port, slots, LOG) as local:
        yield local.api_url, local.keep_up


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends this command as Ctrl-C does: the run is cancelled, the system stopped."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        raise NotReproducedError(
            "stopped: what is finished is kept, and trainings go on from their checkpoints. Run "
            "the command again to go on"
        ) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(api_url: str, values: Mapping[str, Any], console: Console, watch: Watch) -> None:
    """Submit the deployment and follow it to its end."""
    from prefect.client.orchestration import get_client
    from prefect.deployments import run_deployment
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: api_url}):
        run = run_deployment(f"{NAME}/{NAME}", parameters=dict(values), timeout=0)
        console.print(f"run: {api_url.removesuffix('/api')}/runs/flow-run/{run.id}", soft_wrap=True)
        with get_client(sync_client=True) as client:
            try:
                state = _follow(client, run.id, console, watch)
            except KeyboardInterrupt:
                _cancel(client, run.id)
                raise
    if not state.is_completed():
        raise NotReproducedError(
            f"the run ended as {state.name}: {state.message or 'no message'}. What is finished is "
            "kept: run the command again to do only the rest"
        )


def _follow(client: Any, run: UUID, console: Console, watch: Watch) -> Any:
    """Print a line whenever a child begins or ends; the final state of the run."""
    printed: dict[UUID, str] = {}
    began = time.monotonic()
    while True:
        watch()
        # A busy server may be late to answer; one that is gone is noticed by `watch`.
        with suppress(httpx.TransportError):
            state = client.read_flow_run(run).state
            for child in _children(client, run):
                name = child.state_name or ""
                if printed.get(child.id) != name and name in _PRINTED:
                    minutes = (time.monotonic() - began) / 60
                    line = f"{minutes:6.1f} min  {name.lower():9}  {child.name}"
                    console.print(line, highlight=False, markup=False)
                    printed[child.id] = name
            if state is not None and state.is_final():
                return state
        time.sleep(POLL_S)


def _children(client: Any, run: UUID) -> list[Any]:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
    from prefect.client.schemas.sorting import FlowRunSort

    chosen = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]))
    found: list[Any] = client.read_flow_runs(
        flow_run_filter=chosen, sort=FlowRunSort.EXPECTED_START_TIME_ASC
    )
    return found


def _cancel(client: Any, run: UUID) -> None:
    """Cancel the run, which cancels its children, and give it time to do so."""
    from prefect.states import Cancelling

    end = time.monotonic() + CANCEL_S
    client.set_flow_run_state(run, Cancelling(message="joppo reproduce was stopped."))
    while time.monotonic() < end and not client.read_flow_run(run).state.is_final():
        time.sleep(POLL_S)
