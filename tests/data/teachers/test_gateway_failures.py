"""What the gateway makes of refusals, hangs, wrong keys and outages, over real sockets."""

import time

import pytest

from joppo.data.teachers.base import AuthError, ProviderDown
from tests.data.teachers.support import Open, only, provider, request_for, requests_for
from tests.mocks.llm_servers import Faults, LLMServer


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_a_429_uses_up_no_try(kind: str, open_gateway: Open) -> None:
    def script(item: str, nth: int) -> str | None:
        return "429" if nth < 4 else "ok"

    with LLMServer(Faults(retry_after_ms=2), script) as server:
        config = provider(server, kind, max_attempts=1)
        gateway = open_gateway(config)
        answers = [a for _, a in gateway.ask_many(requests_for(config, 5))]
    assert [(a.status, a.attempts) for a in answers] == [("ok", 1)] * 5


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_retry_after_is_honoured(kind: str, open_gateway: Open) -> None:
    with LLMServer(
        Faults(retry_after_ms=400), lambda item, nth: "429" if nth == 0 else "ok"
    ) as server:
        config = provider(server, kind)
        gateway = open_gateway(config)
        start = time.monotonic()
        list(gateway.ask_many([request_for(config, 1)]))
        assert time.monotonic() - start >= 0.4


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_a_refusal_is_kept_and_not_repaired(kind: str, open_gateway: Open) -> None:
    with LLMServer(script=only("refusal")) as server:
        config = provider(server, kind)
        gateway = open_gateway(config)
        for _ in range(2):
            ((_, answer),) = gateway.ask_many([request_for(config, 1)])
            assert answer.status == "refused"
        assert len(server.log) == 1
    assert answer.cost_usd > 0


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_a_bad_request_fails_where_others_are_answered(kind: str, open_gateway: Open) -> None:
    with LLMServer(script=lambda item, nth: "400" if item.endswith("0") else "ok") as server:
        config = provider(server, kind)
        gateway = open_gateway(config)
        answers = {r.prompt[:10]: a for r, a in gateway.ask_many(requests_for(config, 5))}
        bad = answers.pop("item-00000")
        assert (bad.status, bad.finish_reason) == ("failed", "bad_request")
        assert "injected 400" in bad.detail
        assert {answer.status for answer in answers.values()} == {"ok"}
        assert len(server.log) == 5


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_a_bad_request_is_asked_again_once_the_server_is_repaired(
    kind: str, open_gateway: Open
) -> None:
    broken = [True]
    with LLMServer(script=lambda item, nth: "400" if broken[0] else "ok") as server:
        config = provider(server, kind)
        gateway = open_gateway(config)
        ((_, answer),) = gateway.ask_many([request_for(config, 1)])
        # It has never answered anything: the whole config may be what it cannot use.
        assert (answer.status, answer.finish_reason) == ("missing", "bad_request_unconfirmed")
        broken[0] = False
        ((_, answer),) = gateway.ask_many([request_for(config, 1)])
        assert answer.status == "ok"


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_hang_ends_and_is_asked_again_by_the_next_run(kind: str, open_gateway: Open) -> None:
    with LLMServer(script=lambda item, nth: "hang" if nth < 2 else "ok") as server:
        config = provider(server, kind, timeout_s=0.3, max_attempts=2)
        gateway = open_gateway(config)
        ((_, answer),) = gateway.ask_many([request_for(config, 1)])
        assert (answer.status, answer.finish_reason, answer.attempts) == ("missing", "timeout", 2)
        ((_, answer),) = gateway.ask_many([request_for(config, 1)])
        assert answer.status == "ok"


@pytest.mark.parametrize(
    ("kind", "outcome"), [("openai", "401"), ("openai", "quota"), ("gemini", "401")]
)
def test_a_wrong_key_or_empty_account_stops_the_run(
    kind: str, outcome: str, open_gateway: Open
) -> None:
    with LLMServer(script=only(outcome)) as server:
        config = provider(server, kind)
        gateway = open_gateway(config)
        with pytest.raises(AuthError):
            list(gateway.ask_many(requests_for(config, 200)))
        assert len(server.log) < 100


def test_missing_key_is_named(open_gateway: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with LLMServer() as server, pytest.raises(AuthError, match="OPENAI_API_KEY"):
        open_gateway(provider(server))


def test_a_provider_that_stays_down_stops_the_run_and_costs_no_row(open_gateway: Open) -> None:
    down = [True]
    with LLMServer(script=lambda item, nth: "500" if down[0] else "ok") as server:
        config = provider(server, patience_s=0.3, breaker_failures=3, max_attempts=50)
        gateway = open_gateway(config)
        with pytest.raises(ProviderDown, match="run again"):
            list(gateway.ask_many(requests_for(config, 300)))
        sent = len(server.log)
        assert sent < 100  # the breaker held the others back
        down[0] = False
        time.sleep(1.0)
        assert {a.status for _, a in gateway.ask_many(requests_for(config, 300))} == {"ok"}


def test_fallback_answers_while_a_provider_is_down(open_gateway: Open) -> None:
    with LLMServer(script=only("500")) as broken, LLMServer() as sound:
        first = provider(broken, breaker_failures=2, max_attempts=50, fallback=("gemini",))
        second = provider(sound, "gemini")
        gateway = open_gateway(first, second)
        answers = [a for _, a in gateway.ask_many(requests_for(first, 30))]
    assert {a.status for a in answers} == {"ok"}
    assert {(a.provider, a.model) for a in answers} == {("gemini", "gemini-2.5-flash")}


def test_without_leave_nobody_else_answers(open_gateway: Open) -> None:
    with LLMServer(script=only("500")) as broken, LLMServer() as sound:
        first = provider(broken, max_attempts=3)
        gateway = open_gateway(first, provider(sound, "gemini"))
        ((_, answer),) = gateway.ask_many([request_for(first, 1)])
        assert (answer.status, answer.finish_reason) == ("missing", "server_error")
        assert sound.log == []
