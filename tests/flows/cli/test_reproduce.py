"""`joppo reproduce` follows its run, tells what came of it, and cancels it when it is stopped."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed, Failed, State
from typer.testing import CliRunner

from joppo.data.store.store import Store
from joppo.flows.cli.actions import reproduce
from joppo.flows.cli.app import app
from joppo.training.reproduction.store import FOLDER

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(600)]
CONFIG = {
    "variants": [{"name": "full", "about": "all"}],
    "sets": [{"name": "scenes", "scenes": {"per_category": 1}}],
    "seeds": [0],
    "tuned_on": [1],
}


@flow(name=reproduce.NAME)
def stand_in(config: str, store: str, overrides: dict[str, Any]) -> None:
    """The deployment's flow; no worker takes it up, the tests decide how it ends."""


@pytest.fixture(scope="module")
def api(prefect_backend: None) -> str:
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(stand_in)
        client.create_deployment(flow_id=flow_id, name=reproduce.NAME)
    return str(PREFECT_API_URL.value())


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return str(path)


@pytest.fixture
def ends(api: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Ends the run of this test with a state; its runs so far."""
    done = threading.Event()
    states: list[State[Any]] = []

    def mine() -> list[Any]:
        with get_client(sync_client=True) as client:
            runs = client.read_flow_runs()
        return [r for r in runs if r.parameters.get("store") == str(tmp_path / "store")]

    def work() -> None:
        while not done.wait(0.1):
            for run in mine():
                if states and not run.state.is_final():
                    with get_client(sync_client=True) as client:
                        client.set_flow_run_state(run.id, states.pop(0), force=True)

    monkeypatch.setattr(reproduce, "running_server", lambda: api)
    monkeypatch.setattr(reproduce, "POLL_S", 0.1)
    thread = threading.Thread(target=work)
    thread.start()
    yield states, mine
    done.set()
    thread.join(30)


def invoke(config: str, tmp_path: Path, *more: str) -> Any:
    return CliRunner().invoke(app, ["reproduce", config, "--store", str(tmp_path / "store"), *more])


def test_it_says_where_the_report_is(ends: Any, config: str, tmp_path: Path) -> None:
    states, mine = ends
    Store(tmp_path / "store").write_bytes(f"{FOLDER}/latest", b"abc123\n")
    states.append(Completed())
    shown = invoke(config, tmp_path, "--seeds", "3", "--steps", "7")
    assert shown.exit_code == 0, shown.output
    (run,) = mine()
    assert f"{tmp_path}/store/{FOLDER}/abc123/report.html" in shown.output
    assert f"/runs/flow-run/{run.id}" in shown.output
    seeds = [0, 2, 3]  # 1 was used for tuning
    assert run.parameters["overrides"] == {"seeds": seeds, "joppo_values": {"max_steps": 7}}


def test_a_run_that_failed_is_an_error(ends: Any, config: str, tmp_path: Path) -> None:
    states, _ = ends
    states.append(Failed(message="no disk"))
    shown = invoke(config, tmp_path)
    assert shown.exit_code == 1
    assert "ended as Failed: no disk" in shown.output and "only the rest" in shown.output


def test_stopping_it_cancels_the_run(
    ends: Any, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mine = ends
    children = reproduce._children

    def stop(client: Any, run: Any) -> list[Any]:
        children(client, run)
        raise KeyboardInterrupt

    monkeypatch.setattr(reproduce, "_children", stop)
    shown = invoke(config, tmp_path)
    assert shown.exit_code == 1 and "Run the command again to go on" in shown.output
    assert [run.state.name for run in mine()] == ["Cancelled"]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"full": "x"}, "which is no variant"), ({"seeds": [1]}, "used to choose hyper-parameters")],
)
def test_a_config_that_cannot_work_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, **change}))
    started: list[Callable[..., Any]] = []
    monkeypatch.setattr(reproduce, "system", lambda *a: started.append(a))
    shown = invoke(str(path), tmp_path)
    assert shown.exit_code == 1 and message in shown.output and started == []
