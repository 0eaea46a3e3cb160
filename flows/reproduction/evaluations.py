"""Which judges of a reproduction have still to answer what, and the children that ask them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from prefect.logging import get_run_logger

from joppo.data.store.store import Store
from joppo.flows.reproduction.experiment import Experiment
from joppo.flows.submit import Child, follow_children, problem
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.run import load_sets
from joppo.training.reproduction.findings import named, unanswered
from joppo.training.reproduction.outcome import Outcome, judges_of, short

TOGETHER = 3
"""Judges of a seed that one child evaluates: so many that all slots of a pool end at one time."""


@dataclass(frozen=True)
class Evaluation:
    """Judges that one child evaluates."""

    judges: tuple[str, ...]
    child: Child


class Evaluations:
    """Judges and questions of an experiment on one snapshot."""

    def __init__(self, experiment: Experiment, snapshot: str) -> None:
        self.experiment = experiment
        self.snapshot = snapshot
        self.store = Store(experiment.root)

    @cached_property
    def sets(self) -> Sequence[EvaluationSet]:
        """The questions; they are the same for all judges."""
        return load_sets(self.config(["embedded"]), self.store, self.experiment.folder)

    def config(self, judges: list[str]) -> EvaluateConfig:
        """How some judges are asked the questions of this experiment."""
        return self.experiment.evaluation(judges, self.snapshot)

    def unanswered(self, outcomes: Sequence[Outcome]) -> dict[str, int]:
        """Judge -> questions that it has still to answer, for those that have any."""
        judges = named(self.config(judges_of(outcomes)), outcomes, self.store)
        counts = {spec: unanswered(judge, self.sets, self.store) for spec, judge in judges.items()}
        return {spec: count for spec, count in counts.items() if count}

    def to_do(self, outcomes: Sequence[Outcome]) -> list[Evaluation]:
        """What is to be submitted for judges that have not answered, seed by seed."""
        seeds = {one.judge: one.seed for one in reversed(outcomes)}
        by_seed: dict[int, list[str]] = defaultdict(list)
        for spec in self.unanswered(outcomes):
            by_seed[seeds[spec]].append(spec)
        return [
            self._evaluation(seed, judges[first : first + TOGETHER])
            for seed, judges in by_seed.items()
            for first in range(0, len(judges), TOGETHER)
        ]

    def _evaluation(self, seed: int, judges: list[str]) -> Evaluation:
        parameters = {
            "config": self.experiment.path(self.experiment.config.evaluate),
            "store": self.experiment.root,
            "overrides": self.experiment.evaluation_values(judges, self.snapshot),
        }
        child = Child("evaluate-judge", parameters, f"judges of seed {seed}")
        return Evaluation(tuple(judges), child)


def evaluate(evaluations: Evaluations, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Have all judges answer what they have not answered, some judges of a seed in each child.

    A judge that did not answer everything is no judge of the outcomes any more: figures of a part
    of the questions would not be those of the others.
    """
    to_do, timeout_s = evaluations.to_do(outcomes), evaluations.experiment.timeout_s
    if not to_do:
        return list(outcomes)
    followed = follow_children([one.child for one in to_do], timeout_s)
    reasons = {
        spec: problem(run, timeout_s)
        for evaluation, (_, run) in zip(to_do, followed, strict=True)
        for spec in evaluation.judges
    }
    unanswered = evaluations.unanswered(outcomes)
    return [_without_unfinished(one, unanswered, reasons) for one in outcomes]


def _without_unfinished(
    one: Outcome, unanswered: dict[str, int], reasons: dict[str, str | None]
) -> Outcome:
    """The outcome, or a failure if its judge has still to answer something."""
    if one.judge is None or one.judge not in unanswered:
        return one
    reason = short(reasons[one.judge] or "the evaluation completed")
    why = f"{unanswered[one.judge]} questions unanswered: {reason}"
    get_run_logger().warning("%s, seed %d: %s", one.variant, one.seed, why)
    return replace(one, judge=None, failure=why)
