"""The journal: every answer that was paid for, on disk before it counts.

One SQLite file in WAL mode, keyed by request id and step (0 = the first answer, 1 = the repair).
Several processes may use it. A step that is not the last one (an unusable first answer) is kept
too, so that a run killed between the two does not pay for the first again. Failures are not
written: they cost nothing, and a later run, perhaps with another address or a fuller account, may
get an answer. Those that older releases wrote count as not asked.

It also keeps the total that was spent. SQLite needs a local disk: a network file system breaks its
locks.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from joppo.data.teachers.base import Status, TeacherAnswer, TeacherRequest

_COLUMNS = (
    "request_id, step, final, image_id, template_id, provider, model, status, finish_reason, "
    "raw_text, detail, prompt_tokens, completion_tokens, cost_usd, attempts, latency_s"
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    request_id TEXT NOT NULL, step INTEGER NOT NULL, final INTEGER NOT NULL,
    image_id TEXT NOT NULL, template_id TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    status TEXT NOT NULL, finish_reason TEXT, raw_text TEXT NOT NULL, detail TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, cost_usd REAL NOT NULL,
    attempts INTEGER NOT NULL, latency_s REAL NOT NULL,
    PRIMARY KEY (request_id, step));
CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY CHECK (id = 0), usd REAL NOT NULL);
INSERT OR IGNORE INTO ledger VALUES (0, 0.0);
"""
_CHUNK = 400


class JournalError(OSError):
    """The journal's file cannot be opened."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One written answer. `final` is false for a first answer that is to be repaired."""

    request_id: str
    step: int
    final: bool
    answer: TeacherAnswer


class Journal:
    """An open journal. Reads work in any thread; `put` belongs to one event loop."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._writer = ThreadPoolExecutor(1, "journal")
        self._waiting: list[tuple[tuple, asyncio.Future[None]]] = []
        self._committer: asyncio.Task[None] | None = None
        with self._immediate() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def get(self, request_ids: Iterable[str]) -> dict[str, list[Entry]]:
        """Written steps of these requests in order; ids without any are absent."""
        found: dict[str, list[Entry]] = {}
        ids = list(request_ids)
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            query = (
                f"SELECT {_COLUMNS} FROM answers WHERE request_id IN ({marks}) "
                "AND status != 'failed' ORDER BY step"
            )
            for row in self._db().execute(query, chunk):
                found.setdefault(row[0], []).append(_entry(row))
        return found

    async def put(
        self, request: TeacherRequest, step: int, final: bool, answer: TeacherAnswer
    ) -> None:
        """Write one answer; returns when it is on disk. Calls in the meantime share one commit."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((answer_row(request, step, final, answer), done))
        if self._committer is None or self._committer.done():
            # A separate task: a caller that is cancelled must not lose the answers of others.
            self._committer = loop.create_task(self._commit_waiting())
        await done

    async def _commit_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            rows = [row for row, _ in batch]
            error: Exception | None = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._writer, self.write, rows)
            except (sqlite3.Error, OSError) as failure:
                error = failure
            for _, done in batch:
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def write(self, rows: list[tuple]) -> None:
        """Write rows made by `answer_row` in one transaction; in any thread."""
        marks = ",".join("?" * len(rows[0]))
        with self._immediate() as db:
            for row in rows:
                # Another process may have paid for the same request: the first answer is kept.
                db.execute(
                    "DELETE FROM answers WHERE request_id = ? AND step = ? AND status = 'failed'",
                    row[:2],
                )
                sql = f"INSERT OR IGNORE INTO answers ({_COLUMNS}) VALUES ({marks})"
                db.execute(sql, row)
                db.execute("UPDATE ledger SET usd = usd + ?", (row[13],))

    async def flush(self) -> None:
        """Wait until all that was put is on disk."""
        if self._committer is not None:
            await asyncio.wait({self._committer})

    def has_answer(self, provider: str, model: str) -> bool:
        """Whether that teacher has ever answered a request."""
        query = "SELECT 1 FROM answers WHERE provider = ? AND model = ? AND status = 'ok' LIMIT 1"
        return self._db().execute(query, (provider, model)).fetchone() is not None

    def count(self) -> int:
        """Number of finished requests."""
        return (
            self._db()
            .execute("SELECT COUNT(*) FROM answers WHERE final AND status != 'failed'")
            .fetchone()[0]
        )

    def spent_usd(self) -> float:
        """Cost of all answers ever written, in US dollars."""
        return self._db().execute("SELECT usd FROM ledger").fetchone()[0]

    @contextmanager
    def _immediate(self) -> Iterator[sqlite3.Connection]:
        db = self._db()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            try:
                db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
                db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.Error as error:
                raise JournalError(
                    f"cannot use the journal {self.path}: {error}; it must be a SQLite file on a "
                    "local disk that can be written"
                ) from error
            # FULL: a commit survives a power cut, not only the end of the process.
            db.execute("PRAGMA synchronous = FULL")
            self._local.db = db
        return db

    def close(self) -> None:
        """End the writer thread after what it has in hand."""
        self._writer.shutdown(wait=True)


def combine(answers: list[TeacherAnswer]) -> TeacherAnswer:
    """The last answer with the tokens, cost and attempts of all."""
    if len(answers) == 1:
        return answers[0]
    return replace(
        answers[-1],
        prompt_tokens=sum(a.prompt_tokens for a in answers),
        completion_tokens=sum(a.completion_tokens for a in answers),
        cost_usd=sum(a.cost_usd for a in answers),
        attempts=sum(a.attempts for a in answers),
    )


def answer_row(request: TeacherRequest, step: int, final: bool, a: TeacherAnswer) -> tuple:
    """The values of one line of the journal, in the order of its columns."""
    return (
        *(request.request_id, step, int(final), request.image_id, request.template_id),
        *(a.provider or request.provider, a.model or request.model),
        *(a.status, a.finish_reason, a.raw_text, a.detail, a.prompt_tokens),
        *(a.completion_tokens, a.cost_usd, a.attempts, a.latency_s),
    )


def _entry(row: tuple) -> Entry:
    request_id, step, final, _, _, provider, model, status, finish, text, detail, *numbers = row
    prompt, completion, cost, attempts, latency = numbers
    checked: Status = status
    answer = TeacherAnswer(
        *(checked, finish, text, prompt, completion, cost, attempts, latency),
        provider=provider,
        model=model,
        detail=detail,
    )
    return Entry(request_id, step, bool(final), answer)
