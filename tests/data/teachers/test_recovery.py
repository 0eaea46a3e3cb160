"""Teachers that fail for a while, questions that never get an answer, and being told to stop."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from joppo.data.teachers import gateway as gateway_module
from joppo.data.teachers.ask import allow_asking, gateway_for, make_ask, stop_asking
from joppo.data.teachers.base import AccessError, Stopped, TeacherAnswer, TeacherRequest
from joppo.data.teachers.config import TeachersConfig
from joppo.data.teachers.gateway import Gateway
from joppo.data.teachers.journal import Journal, answer_row
from joppo.data.teachers.waiting import Waiting
from tests.data.teachers.support import Open, only, provider, request_for, requests_for
from tests.mocks.llm_servers import Faults, LLMServer

KINDS = ["openai", "gemini"]
POISON = "item-00007"
# The server bills 400 tokens for any prompt: one that has at least as many bytes.
LONG = "why? " * 100


def statuses(gateway: Gateway, requests: list[TeacherRequest]) -> dict[str, str]:
    """Item -> status of its answer."""
    return {r.prompt[:10]: a.status for r, a in gateway.ask_many(requests)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ["401", "402", "403", "404"])
def test_account_and_address_stop_the_run_in_the_servers_words_and_are_forgotten(
    kind: str, code: str, open_gateway: Open
) -> None:
    broken = [True]
    with LLMServer(script=lambda item, nth: code if broken[0] else "ok") as server:
        config = provider(server, kind)
        requests = requests_for(config, 30)
        with pytest.raises(AccessError, match=rf"HTTP {code}.*injected {code}.*run again"):
            list(open_gateway(config).ask_many(requests, keep_going=True))
        broken[0] = False
        assert set(statuses(open_gateway(config), requests).values()) == {"ok"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ["413", "422"])
def test_a_limit_of_the_server_is_no_answer_for_ever(
    kind: str, code: str, open_gateway: Open
) -> None:
    limited = [True]

    def script(item: str, nth: int) -> str:
        return code if limited[0] and item == POISON else "ok"

    with LLMServer(script=script) as server:
        config = provider(server, kind)
        gateway, requests = open_gateway(config), requests_for(config, 12)
        found = statuses(gateway, requests)
        assert found.pop(POISON) == "missing"
        assert set(found.values()) == {"ok"}
        limited[0] = False
        assert set(statuses(gateway, requests).values()) == {"ok"}
        assert len(server.log) == 13


@pytest.mark.parametrize("code", ["400", "413", "422"])
def test_what_is_wrong_with_every_request_stops_the_run(code: str, open_gateway: Open) -> None:
    with LLMServer(script=only(code)) as server:
        config = provider(server, breaker_failures=5)
        with pytest.raises(AccessError, match=f"5 requests in a row.*injected {code}"):
            list(open_gateway(config).ask_many(requests_for(config, 200)))
        assert len(server.log) < 60


def test_failures_in_the_journal_of_an_older_release_are_asked_again(
    open_gateway: Open, tmp_path: Path
) -> None:
    with LLMServer() as server:
        config = provider(server)
        request = request_for(config, 1)
        journal = Journal(tmp_path / "journal.sqlite")
        failed = TeacherAnswer("failed", "bad_request", "", detail="HTTP 404: no such model")
        journal.write([answer_row(request, 0, True, failed)])
        journal.close()
        gateway = open_gateway(config)
        for _ in range(2):
            assert statuses(gateway, [request]) == {"item-00001": "ok"}
        assert len(server.log) == 1


def test_one_poisonous_question_is_missing_and_delays_no_other(open_gateway: Open) -> None:
    with LLMServer(script=lambda item, nth: "500" if item == POISON else "ok") as server:
        config = provider(server, breaker_failures=2, breaker_cooldown_s=60.0)
        gateway = open_gateway(config)
        began = time.monotonic()
        found = statuses(gateway, requests_for(config, 200))
        assert time.monotonic() - began < 20  # the breaker would have been open for a minute
        assert found.pop(POISON) == "missing"
        assert set(found.values()) == {"ok"}
        assert gateway.clients["openai"].breaker.openings == 0
        assert server.outcomes["500"] == config.max_attempts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", ["500", "reset", "429", "malformed_body"])
def test_a_teacher_that_is_down_at_first_answers_everything_and_is_asked_nothing_twice(
    kind: str, outcome: str, open_gateway: Open
) -> None:
    """Down for a tenth of the patience, as in a minute of ten."""
    well_at = [float("inf")]
    notices: list[Waiting] = []

    def script(item: str, nth: int) -> str:
        return "ok" if time.monotonic() > well_at[0] else outcome

    with LLMServer(Faults(retry_after_ms=100), script) as server:
        config = provider(server, kind, patience_s=15.0, breaker_cooldown_s=0.1, concurrency=4)
        gateway = open_gateway(config)
        well_at[0] = time.monotonic() + 1.5
        requests = requests_for(config, 100)
        answers = list(gateway.ask_many(requests, on_waiting=notices.append))
        assert [a.status for _, a in answers] == ["ok"] * 100
        assert set(server.answered.values()) == {1}
    if outcome != "429":
        assert notices[0].until is not None and notices[-1].until is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_teacher_that_is_not_there_yet_is_waited_for(kind: str, open_gateway: Open) -> None:
    with LLMServer() as server:
        there = provider(server, kind)
        gone = there.model_copy(update={"base_url": "http://127.0.0.1:9", "patience_s": 0.5})
        notices: list[Waiting] = []
        ((_, answer),) = open_gateway(gone).ask_many(
            [request_for(gone, 1)], keep_going=True, on_waiting=notices.append
        )
        assert (answer.status, answer.finish_reason) == ("missing", "provider_down")
        assert "no connection" in str(notices[0])
        assert statuses(open_gateway(there), [request_for(there, 1)]) == {"item-00001": "ok"}


def test_who_waits_says_for_whom_why_and_until_when(open_gateway: Open) -> None:
    with LLMServer(script=only("500")) as server:
        config = provider(server, breaker_failures=3, breaker_cooldown_s=30.0, patience_s=90.0)
        gateway, notices, came = open_gateway(config), list[Waiting](), threading.Event()

        def noted(waiting: Waiting) -> None:
            notices.append(waiting)
            came.set()

        asking = threading.Thread(target=ask_until_stopped, args=(gateway, config, noted))
        asking.start()
        assert came.wait(5)  # at once, not after the wait
        gateway.stop()
        asking.join(5)
    (waiting,) = notices
    assert waiting.teacher == "openai" and "injected 500" in waiting.answered
    assert waiting.until is not None and waiting.gives_up is not None
    assert 25 < (waiting.until - waiting.since).total_seconds() < 35
    assert (waiting.gives_up - waiting.since).total_seconds() == pytest.approx(90)
    assert "waiting for teacher openai since" in str(waiting)


def ask_until_stopped(gateway: Gateway, config, noted: Callable[[Waiting], None]) -> None:
    with pytest.raises(Stopped):
        list(gateway.ask_many(requests_for(config, 20), on_waiting=noted))


def test_one_teacher_down_does_not_keep_the_other_from_answering(tmp_path: Path) -> None:
    with LLMServer(script=only("500")) as broken, LLMServer() as sound:
        first = provider(broken, patience_s=0.4, breaker_failures=3, max_attempts=50)
        second = provider(sound, "gemini")
        ask = make_ask(TeachersConfig(providers=(first, second)), str(tmp_path), keep_going=True)
        requests = [*requests_for(first, 60), *requests_for(second, 60)]
        answers = ask(requests)
        assert [a.status for a in answers] == ["missing"] * 60 + ["ok"] * 60
        assert {a.finish_reason for a in answers[:60]} == {"provider_down"}
        assert "patience_s" in answers[0].detail
        # The next shard does not wait for the patience once more, request by request.
        began, sent = time.monotonic(), len(broken.log)
        more = ask([request_for(first, n) for n in range(100, 400)])
        assert {a.status for a in more} == {"missing"}
        assert time.monotonic() - began < 2.0
        assert len(broken.log) - sent < 10


def test_what_the_budget_leaves_unasked_is_missing_and_the_rest_is_kept(tmp_path: Path) -> None:
    with LLMServer() as server:
        config = provider(server, max_tokens=100)
        requests = requests_for(config, 100, LONG)
        each = (400 * 2.5 + 60 * 10) / 1e6
        half = TeachersConfig(providers=(config,), budget_usd=50 * each)
        answers = make_ask(half, str(tmp_path), keep_going=True)(requests)
        answered = sum(a.status == "ok" for a in answers)
        assert 45 <= answered == len(server.log) <= 50
        reasons = {a.finish_reason for a in answers if a.status == "missing"}
        assert reasons == {"budget_exceeded"}
        raised = half.model_copy(update={"budget_usd": 1.0})
        assert {a.status for a in make_ask(raised, str(tmp_path))(requests)} == {"ok"}
        assert len(server.log) == 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", ["500", "hang"])
def test_stopping_ends_a_wait_at_once_and_keeps_what_was_answered(
    kind: str, outcome: str, tmp_path: Path
) -> None:
    def script(item: str, nth: int) -> str:
        return "ok" if item < "item-00020" else outcome

    with LLMServer(script=script) as server:
        config = provider(server, kind, breaker_cooldown_s=60.0, timeout_s=60.0)
        teachers = TeachersConfig(providers=(config,))
        requests = requests_for(config, 60)
        ended: list[BaseException] = []

        def shard() -> None:
            try:
                make_ask(teachers, str(tmp_path))(requests)
            except Stopped as stop:
                ended.append(stop)

        thread = threading.Thread(target=shard)
        thread.start()
        while sum(server.answered.values()) < 20 or len(server.log) < 21:
            time.sleep(0.01)
        time.sleep(0.3)
        began = time.monotonic()
        stop_asking()
        thread.join(5)
        assert ended and time.monotonic() - began < gateway_module._GRACE_S + 1.5
        with pytest.raises(Stopped):
            make_ask(teachers, str(tmp_path))(requests)
        allow_asking()
        gateway = gateway_for(teachers, str(tmp_path))
        assert gateway.journal.count() == 20
        sent = len(server.log)
        found = statuses(gateway, requests[:20])
        assert set(found.values()) == {"ok"} and len(server.log) == sent


def test_an_answer_on_its_way_when_asking_is_stopped_is_kept(open_gateway: Open) -> None:
    with LLMServer(Faults(latency_s=0.5)) as server:
        config = provider(server)
        gateway = open_gateway(config)
        errors: list[BaseException] = []

        def shard() -> None:
            try:
                list(gateway.ask_many(requests_for(config, 40)))
            except Stopped as stop:
                errors.append(stop)

        thread = threading.Thread(target=shard)
        thread.start()
        while server.in_flight < 8:
            time.sleep(0.01)
        gateway.stop()
        thread.join(5)
        assert errors
        assert gateway.journal.count() == len(server.log) >= 8
        assert gateway.journal.count() < 40
