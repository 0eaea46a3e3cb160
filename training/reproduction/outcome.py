"""What came of each training of a reproduction, and the judges to evaluate."""

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST = 300


@dataclass(frozen=True)
class Outcome:
    """One variant under one seed: its judge, or why there is none.

    `judge` is a model folder, a hub id or `embedded`; `run` is the id of the training run that made
    it, None for a judge that was not trained. Several outcomes may share a judge.
    """

    variant: str
    seed: int
    judge: str | None
    run: str | None = None
    failure: str | None = None


def judges_of(outcomes: Sequence[Outcome]) -> list[str]:
    """The judges that there are, each once, in the order of the outcomes."""
    return list(dict.fromkeys(one.judge for one in outcomes if one.judge is not None))


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes without a judge."""
    return [one for one in outcomes if one.judge is None]


def short(why: str) -> str:
    """The first line, for a cell of a table; the rest is in the log of the run."""
    first = why.strip().splitlines()[0]
    return first if len(first) <= LONGEST else f"{first[:LONGEST]}…"
