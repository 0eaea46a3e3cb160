"""Trainings of reproduce-paper as children on the `gpu` pool, and evaluations beside them.

A child that fails costs its row, not the run. What is finished is not submitted again.
"""

from collections.abc import Sequence

from prefect.logging import get_run_logger

from joppo.flows.reproduction.evaluations import Asking
from joppo.flows.reproduction.jobs import Bench, Job
from joppo.flows.submit import Child, follow_children, problem
from joppo.training.models.model_folder import finished
from joppo.training.reproduction.config import VariantConfig
from joppo.training.reproduction.outcome import Outcome, failures, judges_of, short


class NothingToEvaluateError(RuntimeError):
    """There is no judge at all; the message says why."""


class Trainings:
    """All trainings of a reproduction: which there are, which can begin, and what came of them.

    What begins from the base judge is trained beside the SFT judges, the rest each after its own.
    """

    def __init__(self, bench: Bench, snapshot: str) -> None:
        config = bench.config
        self.bench = bench
        self.snapshot = snapshot
        self.base = bench.sft_config().base
        self.failed: dict[str, str] = {}
        """run id -> why it gave no model"""
        self._learners = [v for v in config.variants if v.joppo is not None]
        self._sft = {s: bench.sft_job(s, snapshot) for s in config.seeds if config.uses_sft}
        self._joppo = {
            (variant.name, seed): bench.joppo_job(variant, seed, snapshot, self.base)
            for variant in self._learners
            if variant.start == "base"
            for seed in config.seeds
        }
        for job in self._sft.values():
            if finished(job.run.model):
                self._begin_from(job)

    def to_do(self) -> list[Job]:
        """What can begin now."""
        every = [*self._sft.values(), *self._joppo.values()]
        return [job for job in every if not finished(job.run.model)]

    def after(self, job: Job) -> list[Job]:
        """What can begin now that a job has ended, and waits for no other."""
        if job != self._sft.get(job.seed) or not finished(job.run.model):
            return []
        return [more for more in self._begin_from(job) if not finished(more.run.model)]

    def outcomes(self, seeds: Sequence[int]) -> list[Outcome]:
        """One per variant and seed, in the order of the config."""
        return [self._outcome(v, seed) for v in self.bench.config.variants for seed in seeds]

    def _begin_from(self, sft: Job) -> list[Job]:
        """The jobs that begin from an SFT judge, now that it has a version."""
        judge, new = str(sft.run.model), []
        for variant in self._learners:
            if variant.start == "sft":
                new.append(self.bench.joppo_job(variant, sft.seed, self.snapshot, judge))
                self._joppo[variant.name, sft.seed] = new[-1]
        return new

    def _outcome(self, variant: VariantConfig, seed: int) -> Outcome:
        if job := self._joppo.get((variant.name, seed)):
            return self._of(job)
        if variant.start == "base":
            return Outcome(variant.name, seed, self.base)
        sft = self._of(self._sft[seed])  # there is one per seed where a variant begins from it
        if sft.judge is None:
            return Outcome(variant.name, seed, None, failure=f"no SFT judge: {sft.failure}")
        return Outcome(variant.name, seed, sft.judge, sft.run)

    def _of(self, job: Job) -> Outcome:
        if finished(job.run.model):
            return Outcome(job.variant, job.seed, str(job.run.model), job.run.id)
        return Outcome(job.variant, job.seed, None, job.run.id, self.failed.get(job.run.id))


def train_variants(asking: Asking) -> list[Outcome]:
    """One outcome per variant and seed, in the order of the config.

    Once all trainings of a seed have ended, its judges are evaluated while other seeds are trained,
    so that no slot of the pool is idle before all are done. An evaluation that fails here is
    submitted again by `evaluate`.

    Raises:
        NothingToEvaluateError: every variant failed.
    """
    bench = asking.bench
    trainings = Trainings(bench, asking.snapshot)
    slots: list[Job | None] = [*trainings.to_do()]  # None is an evaluation
    ended: set[int] = set()

    def then(place: int) -> list[Child]:
        ended.add(place)
        if (job := slots[place]) is None:
            return []
        new = trainings.after(job)
        slots.extend(new)
        left = (one for number, one in enumerate(slots) if number not in ended)
        if any(one and one.seed == job.seed for one in left):
            return [one.child for one in new]
        shares = asking.shares(trainings.outcomes([job.seed]))
        slots.extend([None] * len(shares))
        return [share.child for share in shares]

    children = [job.child for job in slots if job]
    runs = follow_children(children, bench.timeout_s, then=then) if children else []
    for job, run in zip(slots, runs, strict=True):
        if job and not finished(job.run.model):
            why = short(problem(run, bench.timeout_s) or "it completed without a model")
            get_run_logger().warning("%s, seed %d: %s", job.variant, job.seed, why)
            trainings.failed[job.run.id] = why
    outcomes = trainings.outcomes(bench.config.seeds)
    if not judges_of(outcomes):
        raise NothingToEvaluateError(f"no variant was trained: {failures(outcomes)[0].failure}")
    return outcomes
