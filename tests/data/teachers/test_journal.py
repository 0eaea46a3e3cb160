"""The journal: durable, shared, never paying twice; and the budget beside it."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from joppo.data.teachers.base import BudgetExceeded, TeacherAnswer, make_request
from joppo.data.teachers.budget import Budget
from joppo.data.teachers.journal import Journal, JournalError, answer_row, combine


def request(n: int):
    return make_request(provider="openai", model="m", template_id="t", prompt=f"p{n}")


def answer(text: str = "a", cost: float = 0.25) -> TeacherAnswer:
    return TeacherAnswer(
        *("ok", "stop", text, 10, 5, cost, 2, 0.5), provider="openai", model="m", detail=""
    )


@pytest.fixture
def journal(tmp_path: Path):
    opened = Journal(tmp_path / "deep" / "journal.sqlite")
    yield opened
    opened.close()


def put_all(journal: Journal, count: int) -> None:
    async def run() -> None:
        await asyncio.gather(*(journal.put(request(n), 0, True, answer()) for n in range(count)))

    asyncio.run(run())


def test_what_was_put_is_found_unchanged_by_another_process(journal: Journal) -> None:
    put_all(journal, 1000)
    other = Journal(journal.path)
    ids = [request(n).request_id for n in range(1001)]
    found = other.get(ids)
    assert len(found) == 1000 == other.count()
    assert found[ids[3]][0].answer == answer()
    assert other.spent_usd() == pytest.approx(250.0)
    other.close()


def test_the_first_answer_stays_and_both_payments_are_counted(journal: Journal) -> None:
    journal.write([answer_row(request(1), 0, True, answer("first"))])
    journal.write([answer_row(request(1), 0, True, answer("second"))])
    (entry,) = journal.get([request(1).request_id])[request(1).request_id]
    assert entry.answer.raw_text == "first"
    assert journal.spent_usd() == 0.5


def test_steps_are_combined(journal: Journal) -> None:
    journal.write([answer_row(request(1), 0, False, answer("bad", 0.1))])
    journal.write([answer_row(request(1), 1, True, answer("good", 0.2))])
    entries = journal.get([request(1).request_id])[request(1).request_id]
    assert [entry.final for entry in entries] == [False, True]
    whole = combine([entry.answer for entry in entries])
    assert (whole.raw_text, whole.attempts, whole.prompt_tokens) == ("good", 4, 20)
    assert whole.cost_usd == pytest.approx(0.3)


def test_a_write_that_fails_is_an_error_of_every_caller(journal: Journal) -> None:
    with sqlite3.connect(journal.path) as db:
        db.execute("DROP TABLE answers")

    async def run() -> list:
        puts = [journal.put(request(n), 0, True, answer()) for n in range(3)]
        return await asyncio.gather(*puts, return_exceptions=True)

    assert [type(error) for error in asyncio.run(run())] == [sqlite3.OperationalError] * 3


def test_two_processes_write_at_once(journal: Journal) -> None:
    code = (
        "import sys; from tests.data.teachers.test_journal import *\n"
        "j = Journal(sys.argv[1]); first = int(sys.argv[2])\n"
        "for n in range(first, first + 100): j.write([answer_row(request(n), 0, True, answer())])"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(journal.path), str(first)])
        for first in (0, 50)
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    assert journal.count() == 150
    assert journal.spent_usd() == pytest.approx(0.25 * 200)


def test_budget_counts_spent_and_reserved(journal: Journal) -> None:
    journal.write([answer_row(request(1), 0, True, answer(cost=0.4))])
    budget = Budget(1.0, journal)

    async def run() -> None:
        first = await budget.reserve(0.5)
        waiting = asyncio.ensure_future(budget.reserve(0.3))
        await asyncio.sleep(0.05)
        assert not waiting.done()  # 0.4 + 0.5 + 0.3 is too much while the first is in flight
        budget.release(first)
        second = await asyncio.wait_for(waiting, 2)
        budget.release(second)
        with pytest.raises(BudgetExceeded, match=r"\$0.4000 of \$1.0000"):
            await budget.reserve(0.7)

    asyncio.run(run())
    budget.close()


def test_no_budget_lets_everything_pass(journal: Journal) -> None:
    budget = Budget(None, journal)
    assert asyncio.run(budget.reserve(1e9)) == 1
    budget.close()


def test_a_dead_process_reserves_nothing(journal: Journal) -> None:
    code = (
        "import asyncio, os, signal, sys; from tests.data.teachers.test_journal import *\n"
        "asyncio.run(Budget(1.0, Journal(sys.argv[1])).reserve(0.9))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(journal.path)], check=False, timeout=60)
    budget = Budget(1.0, journal)
    assert asyncio.run(asyncio.wait_for(budget.reserve(0.8), 5)) == 1
    budget.close()


def test_two_budgets_of_one_process_add_up(journal: Journal) -> None:
    low, high = Budget(1.0, journal), Budget(2.0, journal)
    asyncio.run(low.reserve(0.9))
    asyncio.run(high.reserve(1.0))
    with pytest.raises(TimeoutError):  # it waits: something is in flight
        asyncio.run(asyncio.wait_for(high.reserve(0.2), 0.3))
    low.close()
    high.close()


def test_a_file_that_is_no_journal_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("something else, longer than a header of SQLite " * 20)
    with pytest.raises(JournalError, match=r"journal\.sqlite.*local disk"):
        Journal(path)
