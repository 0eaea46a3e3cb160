"""A build whose teachers have bad minutes says what is missing; the next one asks only that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from joppo.data.corpus.query import run_query
from joppo.data.store.store import Store
from joppo.data.teachers.ask import close_gateways
from joppo.flows.missing_answers import AnswersMissingError
from joppo.flows.runner import ShardsFailedError
from tests.mocks.llm_servers import LLMServer

pytestmark = pytest.mark.usefixtures("prefect_backend")


class Moody:
    """Chooses the outcome of every second item while the mood lasts."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome

    def __call__(self, item: str, nth: int) -> str:
        return self.outcome if int(item, 16) % 2 else "ok"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-moody-0123456789")
    monkeypatch.delenv("JOPPO_JOURNAL", raising=False)
    yield
    close_gateways()


def write_config(folder: Path, server: LLMServer, accept: float = 0.0) -> Path:
    teacher = {
        "name": "gpt",
        "provider": "openai",
        "model": "gpt-4o",
        "base_url": server.openai_url,
        "price": {"input": 1.0, "output": 1.0},
        "backoff_s": 0.01,
        "max_attempts": 2,
        "breaker_failures": 100,
        "image_size": 64,
    }
    config = {
        "scenes": {"per_category": 1, "size": 64},
        "shard_size": 12,
        "reasoning": {
            "tasks": ["composition"],
            "forms": ["multiple_choice"],
            "routes": [{"teacher": "gpt"}],
            "accept_missing": accept,
        },
        "teachers": {"providers": [teacher]},
    }
    path = folder / "build.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def build(config: Path, store: Path) -> str:
    from joppo.flows.build_sft_data import build_sft_data

    return build_sft_data(str(config), store=str(store))


def ask(store: Path, sql: str, version: str | None = None) -> list[dict[str, Any]]:
    return run_query(Store(store), sql, version).to_pylist()


def test_missing_answers_fail_the_run_and_the_next_one_asks_only_them(tmp_path: Path) -> None:
    store, mood = tmp_path / "store", Moody("500")
    with LLMServer(script=mood) as server:
        config = write_config(tmp_path, server)
        with pytest.raises(AnswersMissingError) as missing:
            build(config, store)
        assert not (store / "latest").exists()
        answered, asked = len(server.answered), len({item for item, _, _ in server.log})
        assert 0 < answered < asked
        message = str(missing.value)
        assert f"{asked - answered} of {asked} answers are missing" in message
        assert "openai gpt-4o (server_error: HTTP 500" in message
        assert f"joppo build {config} --store {store}" in message

        mood.outcome = "ok"
        before = len(server.log)
        version = build(config, store)
        assert len(server.log) - before == asked - answered
        assert set(server.answered.values()) == {1}
        (row,) = ask(store, "SELECT count(*) AS n FROM responses WHERE status = 'ok'")
        assert row["n"] == asked

        before = len(server.log)
        assert build(config, store) == version
        assert len(server.log) == before


def test_a_share_that_may_be_missing_is_published_and_completed_later(tmp_path: Path) -> None:
    store, mood = tmp_path / "store", Moody("500")
    with LLMServer(script=mood) as server:
        first = build(write_config(tmp_path, server, accept=0.9), store)
        sql = "SELECT count(*) AS n FROM rejects WHERE reason = 'server_error'"
        (lost,) = ask(store, sql, first)
        assert lost["n"] > 0
        mood.outcome = "ok"
        # Another share is no other recipe: what was finished stays so.
        before = len(server.log)
        second = build(write_config(tmp_path, server, accept=0.0), store)
        assert len(server.log) - before == lost["n"]
        assert second != first
        assert ask(store, sql, second) == [{"n": 0}]
        assert ask(store, sql, first) == [lost]  # a snapshot never changes


def test_an_address_without_models_stops_the_build_and_repairing_it_asks_again(
    tmp_path: Path,
) -> None:
    store, mood = tmp_path / "store", Moody("404")
    with LLMServer(script=mood) as server:
        config = write_config(tmp_path, server)
        with pytest.raises(ShardsFailedError, match=r"AccessError.*injected 404"):
            build(config, store)
        mood.outcome = "ok"
        build(config, store)
        assert set(server.answered.values()) == {1}
        (row,) = ask(store, "SELECT count(*) AS n FROM responses WHERE status != 'ok'")
        assert row["n"] == 0
