"""Who has still to answer what in a reproduction, and the children that have them answer."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from prefect.logging import get_run_logger

from joppo.data.store.store import Store
from joppo.flows.reproduction.jobs import Bench
from joppo.flows.submit import Child, follow_children, problem
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.run import load_sets
from joppo.training.reproduction.findings import named, unanswered
from joppo.training.reproduction.outcome import Outcome, judges_of, short

TOGETHER = 3
"""Judges of a seed that one child evaluates: so many that all slots of a pool end at one time."""


@dataclass(frozen=True)
class Share:
    """Judges that one child evaluates."""

    judges: tuple[str, ...]
    child: Child


class Asking:
    """Judges and questions of a reproduction on one snapshot."""

    def __init__(self, bench: Bench, snapshot: str) -> None:
        self.bench = bench
        self.snapshot = snapshot
        self.store = Store(bench.root)

    @cached_property
    def sets(self) -> Sequence[EvaluationSet]:
        """The questions; they are the same for all judges."""
        return load_sets(self.how(["embedded"]), self.store, self.bench.base)

    def left(self, outcomes: Sequence[Outcome]) -> dict[str, int]:
        """Judge -> questions that it has still to answer, for those that have any."""
        judges = named(self.how(judges_of(outcomes)), outcomes, self.store)
        counts = {spec: unanswered(judge, self.sets, self.store) for spec, judge in judges.items()}
        return {spec: count for spec, count in counts.items() if count}

    def shares(self, outcomes: Sequence[Outcome]) -> list[Share]:
        """What is to be submitted for judges that have not answered, seed by seed."""
        owners = {one.judge: one.seed for one in reversed(outcomes)}
        by_seed: dict[int, list[str]] = defaultdict(list)
        for spec in self.left(outcomes):
            by_seed[owners[spec]].append(spec)
        return [
            self._share(seed, judges[first : first + TOGETHER])
            for seed, judges in by_seed.items()
            for first in range(0, len(judges), TOGETHER)
        ]

    def how(self, judges: list[str]) -> EvaluateConfig:
        """The evaluation of some judges on the questions of this reproduction."""
        return self.bench.evaluation(judges, self.snapshot)

    def _share(self, seed: int, judges: list[str]) -> Share:
        parameters = {
            "config": self.bench.place(self.bench.config.evaluate),
            "store": self.bench.root,
            "overrides": self.bench.evaluation_values(judges, self.snapshot),
        }
        return Share(tuple(judges), Child("evaluate-judge", parameters, f"judges of seed {seed}"))


def evaluate(asking: Asking, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Have all judges answer what they have not answered, some judges of a seed in each child.

    A judge that did not answer everything is no judge of the outcomes any more: figures of a part
    of the questions would not be those of the others.
    """
    shares, timeout_s = asking.shares(outcomes), asking.bench.timeout_s
    if not shares:
        return list(outcomes)
    runs = follow_children([share.child for share in shares], timeout_s)
    told = {
        spec: problem(run, timeout_s)
        for share, run in zip(shares, runs, strict=True)
        for spec in share.judges
    }
    left = asking.left(outcomes)
    return [_asked(one, left, told) for one in outcomes]


def _asked(one: Outcome, left: dict[str, int], told: dict[str, str | None]) -> Outcome:
    if one.judge is None or one.judge not in left:
        return one
    because = short(told[one.judge] or "the evaluation completed")
    why = f"{left[one.judge]} questions unanswered: {because}"
    get_run_logger().warning("%s, seed %d: %s", one.variant, one.seed, why)
    return replace(one, judge=None, failure=why)
