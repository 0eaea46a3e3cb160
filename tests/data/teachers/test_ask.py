"""What a shard sees: answers in order, a budget that stops, kills and warm reruns."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from joppo.data.teachers.ask import journal_path, make_ask
from joppo.data.teachers.base import BudgetExceeded, TeacherAnswer
from joppo.data.teachers.config import Price, ProviderConfig, TeachersConfig
from joppo.data.teachers.journal import Journal, answer_row
from joppo.data.teachers.pricing import UnknownPriceError
from tests.data.teachers.support import provider, requests_for
from tests.mocks.llm_servers import Faults, LLMServer

# The server bills 400 tokens for any prompt: one that has at least as many bytes.
LONG = "why? " * 100


def test_answers_come_in_the_order_of_the_requests(tmp_path: Path) -> None:
    with LLMServer(Faults(rate_500=0.2, malformed=0.2)) as server:
        config = provider(server)
        ask = make_ask(TeachersConfig(providers=(config,)), str(tmp_path))
        requests = requests_for(config, 40)
        answers = ask([*requests, requests[0]])
    assert len(answers) == 41
    for n, answer in enumerate(answers[:-1]):
        assert f"item-{n:05d}" in answer.raw_text
    assert answers[0] == answers[-1]
    assert (tmp_path / "journal" / "teachers.sqlite").exists()


def test_half_a_budget_stops_at_the_budget_and_continues_when_raised(tmp_path: Path) -> None:
    with LLMServer() as server:
        config = provider(server, max_tokens=100)
        requests = requests_for(config, 200, LONG)
        each = (400 * 2.5 + 60 * 10) / 1e6
        half = TeachersConfig(providers=(config,), budget_usd=100 * each)
        with pytest.raises(BudgetExceeded, match="run again to continue") as stop:
            make_ask(half, str(tmp_path))(requests)
        sent = len(server.log)
        # It stops where the dearest possible answer would no longer fit, not before.
        assert 95 <= sent <= 100
        assert stop.value.spent_usd == pytest.approx(sent * each)
        assert stop.value.spent_usd <= half.budget_usd
        assert stop.value.unsent == 200 - sent
        raised = half.model_copy(update={"budget_usd": 1.0})
        answers = make_ask(raised, str(tmp_path))(requests)
        assert len(server.log) == 200
    assert sum(answer.cost_usd for answer in answers) == pytest.approx(200 * each)


def test_budget_holds_for_processes_that_share_a_journal(tmp_path: Path) -> None:
    with LLMServer(Faults(latency_s=0.05)) as server:
        config = provider(server, max_tokens=100)
        each = (400 * 2.5 + 60 * 10) / 1e6
        teachers = TeachersConfig(providers=(config,), budget_usd=60 * each)
        children = [start(tmp_path, teachers, first, 60, 20) for first in (0, 60)]
        errors = [child.communicate(timeout=60)[1] for child in children]
        assert all("BudgetExceeded" in error for error in errors)
        assert 50 <= len(server.log) <= 60


CHILD = """
import json, sys
from joppo.data.teachers.ask import make_ask
from joppo.data.teachers.config import TeachersConfig
from tests.data.teachers.support import request_for
store, config, first, count, shard = sys.argv[1], TeachersConfig(**json.loads(sys.argv[2])), \
    *map(int, sys.argv[3:])
ask, out = make_ask(config, store), []
for start in range(first, first + count, shard):
    numbers = range(start, start + shard)
    asked = [request_for(config.providers[0], n, "why? " * 100) for n in numbers]
    out += [[a.status, a.raw_text, a.cost_usd] for a in ask(asked)]
print(json.dumps(out))
"""


def start(
    store: Path, config: TeachersConfig, first: int, count: int, shard: int
) -> subprocess.Popen:
    arguments = [str(store), config.model_dump_json(), str(first), str(count), str(shard)]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_kill_pays_again_at_most_what_was_in_flight(tmp_path: Path) -> None:
    with LLMServer(Faults(latency_s=0.05, rate_500=0.02, malformed=0.02)) as server:
        config = provider(server, concurrency=16)
        teachers = TeachersConfig(providers=(config,))
        child = start(tmp_path / "killed", teachers, 0, 400, 100)
        while len(server.log) < 200:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert len(server.log) < 400
        # Another shard size: the journal knows requests, not shards.
        ask, requests = (
            make_ask(teachers, str(tmp_path / "killed")),
            requests_for(config, 400, LONG),
        )
        answers = [answer for n in range(0, 400, 40) for answer in ask(requests[n : n + 40])]
        assert sum(n - 1 for n in server.answered.values()) <= config.concurrency
        seen = len(server.log)
        assert ask(requests) == answers
        assert len(server.log) == seen
    with LLMServer(Faults(latency_s=0.0)) as server:
        calm = provider(server, concurrency=16)
        ask = make_ask(TeachersConfig(providers=(calm,)), str(tmp_path / "calm"))
        undisturbed = ask(requests)
    assert [(a.status, a.raw_text) for a in answers] == [
        (a.status, a.raw_text) for a in undisturbed
    ]


def test_a_warm_rerun_sends_nothing_and_is_quick(tmp_path: Path) -> None:
    """A tenth of the benchmark's 100,000 rows, with nobody listening."""
    config = ProviderConfig(
        name="gone", provider="openai", model="gpt-4o", base_url="http://127.0.0.1:9"
    )
    teachers = TeachersConfig(providers=(config,))
    journal = Journal(journal_path(teachers, str(tmp_path)))
    answer = TeacherAnswer("ok", "stop", f"<think>{'x' * 1500}</think><answer>C</answer>")
    requests = requests_for(config, 10_000)
    journal.write([answer_row(request, 0, True, answer) for request in requests])
    journal.close()
    ask, began = make_ask(teachers, str(tmp_path)), time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    good = sum(a.status == "ok" for n in range(0, 10_000, 250) for a in ask(requests[n : n + 250]))
    assert good == 10_000
    assert time.process_time() - began < 5.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_journal_lies_in_a_local_store_and_must_be_named_for_a_remote_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TeachersConfig(
        providers=(ProviderConfig(name="g", provider="gemini", model="gemini-2.5-pro"),)
    )
    inside = tmp_path / "journal" / "teachers.sqlite"
    assert journal_path(config, str(tmp_path)) == inside
    assert journal_path(config, f"file://{tmp_path}") == inside
    with pytest.raises(ValueError, match="JOPPO_JOURNAL"):
        journal_path(config, "s3://bucket/prefix")
    monkeypatch.setenv("JOPPO_JOURNAL", str(tmp_path / "here.sqlite"))
    assert journal_path(config, "s3://bucket/prefix") == tmp_path / "here.sqlite"


def test_a_model_without_price_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with LLMServer() as server:
        config = provider(server, model="gpt-unknown", price=None)
        ask = make_ask(TeachersConfig(providers=(config,)), str(tmp_path))
        with pytest.raises(UnknownPriceError, match="gpt-unknown"):
            ask(requests_for(config, 1))
        priced = provider(server, model="gpt-unknown", price=Price(input=0, output=0))
        (answer,) = make_ask(TeachersConfig(providers=(priced,)), str(tmp_path))(
            requests_for(priced, 1)
        )
        assert (answer.status, answer.cost_usd) == ("ok", 0.0)
