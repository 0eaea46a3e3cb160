"""The budget: a request is sent only if it cannot exceed the budget, whatever it costs.

Before a request is sent, the most that it can cost is reserved; once the answer is in the journal,
whose ledger has what was really spent, the reservation is released. Reservations are kept in a
small SQLite file beside the journal, one row per gateway, so that processes sharing a journal share
its budget.
Requests that were sent but got no answer (time-out, reset) are not counted: a provider may bill
some of them.
"""

import asyncio
import os
import sqlite3
import time
from uuid import uuid4

from joppo.data.store.processes import alive
from joppo.data.teachers.base import BudgetExceeded
from joppo.data.teachers.journal import Journal

# A reservation that its process has not touched for so long belongs to a process that is gone
# and whose number another program has taken.
_STALE_S = 3600.0
_POLL_S = 0.2


class Budget:
    """The budget of one journal, as seen by one process and its gateway loop."""

    def __init__(self, limit_usd: float | None, journal: Journal) -> None:
        self.limit_usd = limit_usd
        self._journal = journal
        self._mine: dict[int, float] = {}
        self._next = 0
        # The process id is not enough: a process may have two, e.g. after the budget was raised.
        self._owner = f"{os.getpid()}-{uuid4().hex}"
        self._db = sqlite3.connect(
            journal.path.with_name(journal.path.name + ".reserved"),
            timeout=60,
            isolation_level=None,
            check_same_thread=False,
        )
        # Worth nothing after a power cut: no process that reserved is alive then.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS reserved "
            "(owner TEXT PRIMARY KEY, pid INTEGER NOT NULL, usd REAL NOT NULL, seen REAL NOT NULL)"
        )

    async def reserve(self, most_usd: float) -> int:
        """Wait until `most_usd` fits, reserve it and return a ticket for `release`.

        Raises:
            BudgetExceeded: it does not fit and nothing is in flight that could make room.
        """
        while self.limit_usd is not None and most_usd > 0:
            if self._try(most_usd):
                break
            if not self._in_flight():
                raise BudgetExceeded.at(self._journal.spent_usd(), self.limit_usd)
            await asyncio.sleep(_POLL_S)
        self._next += 1
        self._mine[self._next] = most_usd
        return self._next

    def release(self, ticket: int) -> None:
        """Release a reservation; a second call for the same ticket does nothing."""
        if self._mine.pop(ticket, 0.0) and self.limit_usd is not None:
            self._write_mine()

    def _try(self, usd: float) -> bool:
        assert self.limit_usd is not None
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._drop_dead()
            others = self._db.execute(
                "SELECT TOTAL(usd) FROM reserved WHERE owner != ?", (self._owner,)
            ).fetchone()[0]
            mine = sum(self._mine.values())
            # Read after the lock: an answer is in the ledger before its reservation is released.
            taken = self._journal.spent_usd() + others + mine
            fits = taken + usd <= self.limit_usd + 1e-12
            if fits:
                self._write_mine(mine + usd)
        finally:
            self._db.execute("COMMIT")
        return fits

    def _write_mine(self, usd: float | None = None) -> None:
        usd = sum(self._mine.values()) if usd is None else usd
        row = (self._owner, os.getpid(), usd, time.time())
        self._db.execute("INSERT OR REPLACE INTO reserved VALUES (?, ?, ?, ?)", row)

    def _in_flight(self) -> bool:
        others = "SELECT COUNT(*) FROM reserved WHERE usd > 0 AND owner != ?"
        return bool(self._mine) or self._db.execute(others, (self._owner,)).fetchone()[0] > 0

    def _drop_dead(self) -> None:
        for pid, seen in self._db.execute("SELECT pid, seen FROM reserved").fetchall():
            if pid != os.getpid() and (time.time() - seen > _STALE_S or not alive(pid)):
                self._db.execute("DELETE FROM reserved WHERE pid = ?", (pid,))

    def close(self) -> None:
        """Drop this process's row and close the file."""
        self._db.execute("DELETE FROM reserved WHERE owner = ?", (self._owner,))
        self._db.close()
