"""build-sft-data with online teachers at a local server: keys, budget, and paying only once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from joppo.data.corpus.query import run_query
from joppo.data.store.store import Store
from joppo.data.teachers.ask import close_gateways
from joppo.flows.runner import ShardsFailedError
from tests.mocks.llm_servers import Faults, LLMServer

OPENAI_KEY = "sk-canary-flow-0123456789"
GEMINI_KEY = "AIza-canary-flow-0123456789"
pytestmark = pytest.mark.usefixtures("prefect_backend")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    """A server that repeats the caller's key in every error."""
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    monkeypatch.setenv("GEMINI_API_KEY", GEMINI_KEY)
    monkeypatch.delenv("JOPPO_JOURNAL", raising=False)
    faults = Faults(rate_429=0.05, rate_500=0.05, malformed=0.05)
    with LLMServer(faults, echo=True) as running:
        yield running
    close_gateways()


def write_config(folder: Path, server: LLMServer, budget: float | None) -> Path:
    """Two teachers share 24 scenes; prices make every request cost something."""
    shared = {
        "price": {"input": 1000.0, "output": 1000.0},
        "concurrency": 8,
        "backoff_s": 0.01,
        "breaker_cooldown_s": 0.05,
        "max_tokens": 64,
        "image_size": 64,
    }
    gpt = {"name": "gpt", "provider": "openai", "model": "gpt-4o", "base_url": server.openai_url}
    gemini = {
        "name": "gemini",
        "provider": "gemini",
        "model": "gemini-2.5-flash",
        "base_url": server.gemini_url,
    }
    config = {
        "scenes": {"per_category": 1, "size": 64},
        "shard_size": 8,
        "reasoning": {
            "forms": ["multiple_choice"],
            "routes": [{"teacher": "gpt"}, {"teacher": "gemini"}],
        },
        "teachers": {"providers": [gpt | shared, gemini | shared], "budget_usd": budget},
    }
    path = folder / "build.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def build(config: Path, store: Path) -> str:
    from joppo.flows.build_sft_data import build_sft_data

    return build_sft_data(str(config), store=str(store))


def ask(store: Path, sql: str) -> list[dict[str, Any]]:
    return run_query(Store(store), sql).to_pylist()


def everything_prefect_knows() -> str:
    """Runs, parameters, states, logs and artifacts, as the API gives them."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        found = []
        for kind in ("flow_runs", "task_runs", "logs", "artifacts"):
            for offset in range(0, 2000, 200):
                body = {"limit": 200, "offset": offset}
                page = client._client.post(f"/{kind}/filter", json=body).json()
                found += page
                if len(page) < 200:
                    break
    return json.dumps(found)


def test_keys_are_written_nowhere_and_answers_are_paid_once(
    server: LLMServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    config, store = write_config(tmp_path, server, None), tmp_path / "store"
    version = build(config, store)
    assert server.keys == {OPENAI_KEY, GEMINI_KEY}, "the servers did get the keys"
    close_gateways()

    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    leaks = [path for path, content in files.items() if b"canary" in content]
    assert not leaks
    out, err = capfd.readouterr()
    assert "canary" not in out + err + caplog.text + everything_prefect_knows()

    (answered,) = ask(store, "SELECT count(*) AS n FROM responses")
    asked = len(server.log)
    assert answered["n"] > 24
    (row,) = ask(store, "SELECT count(*) AS n FROM rejects WHERE stage = 'reasoning'")
    (taught,) = ask(store, "SELECT count(*) AS n FROM sft_samples")
    assert taught["n"] + row["n"] == answered["n"]
    assert build(config, store) == version
    assert len(server.log) == asked


def test_a_budget_stops_the_run_and_raising_it_goes_on(server: LLMServer, tmp_path: Path) -> None:
    free = write_config(tmp_path, server, None)
    build(free, tmp_path / "whole")
    (cost,) = ask(tmp_path / "whole", "SELECT sum(cost_usd) AS usd FROM teacher_cost")
    close_gateways()

    store = tmp_path / "half"
    with pytest.raises(ShardsFailedError, match=r"BudgetExceeded.*budget"):
        build(write_config(tmp_path, server, cost["usd"] / 2), store)
    assert not (store / "latest").exists()
    close_gateways()
    build(write_config(tmp_path, server, cost["usd"] * 2), store)
    (spent,) = ask(store, "SELECT sum(cost_usd) AS usd FROM teacher_cost")
    assert spent["usd"] <= cost["usd"] * 2
