"""Trainings of reproduce-paper as children on the `gpu` pool, and evaluations beside them.

A child that fails costs its row, not the run. What is finished is not submitted again.
"""

from collections.abc import Sequence

from prefect.logging import get_run_logger

from joppo.flows.reproduction.evaluations import Evaluations
from joppo.flows.reproduction.experiment import Experiment, Training
from joppo.flows.submit import Child, follow_children, problem
from joppo.training.models.model_folder import finished
from joppo.training.reproduction.config import VariantConfig
from joppo.training.reproduction.outcome import Outcome, failures, judges_of, short


class NothingToEvaluateError(RuntimeError):
    """There is no judge at all; the message says why."""


class Trainings:
    """All trainings of an experiment: which there are, which can begin, and what came of them.

    What begins from the base judge is trained beside the SFT judges, the rest each after its own.
    """

    def __init__(self, experiment: Experiment, snapshot: str) -> None:
        config = experiment.config
        self.experiment = experiment
        self.snapshot = snapshot
        self.base = experiment.sft_config().base
        self.failed: dict[str, str] = {}
        """run id -> why it gave no model"""
        self._learners = [v for v in config.variants if v.joppo is not None]
        self._sft = {s: experiment.sft(s, snapshot) for s in config.seeds if config.uses_sft}
        self._joppo = {
            (variant.name, seed): experiment.joppo(variant, seed, snapshot, self.base)
            for variant in self._learners
            if variant.start == "base"
            for seed in config.seeds
        }
        for sft in self._sft.values():
            if finished(sft.run.model):
                self._begin_from(sft)

    def to_do(self) -> list[Training]:
        """What can begin now."""
        every = [*self._sft.values(), *self._joppo.values()]
        return [one for one in every if not finished(one.run.model)]

    def after(self, training: Training) -> list[Training]:
        """What can begin now that a training has ended, and waits for no other."""
        if training != self._sft.get(training.seed) or not finished(training.run.model):
            return []
        return [one for one in self._begin_from(training) if not finished(one.run.model)]

    def outcomes(self, seeds: Sequence[int]) -> list[Outcome]:
        """One per variant and seed, in the order of the config."""
        return [self._outcome(v, seed) for v in self.experiment.config.variants for seed in seeds]

    def _begin_from(self, sft: Training) -> list[Training]:
        """The trainings that begin from an SFT judge, now that it has a version."""
        judge, new = str(sft.run.model), []
        for variant in self._learners:
            if variant.start == "sft":
                new.append(self.experiment.joppo(variant, sft.seed, self.snapshot, judge))
                self._joppo[variant.name, sft.seed] = new[-1]
        return new

    def _outcome(self, variant: VariantConfig, seed: int) -> Outcome:
        if training := self._joppo.get((variant.name, seed)):
            return self._of(training)
        if variant.start == "base":
            return Outcome(variant.name, seed, self.base)
        sft = self._of(self._sft[seed])  # there is one per seed where a variant begins from it
        if sft.judge is None:
            return Outcome(variant.name, seed, None, failure=f"no SFT judge: {sft.failure}")
        return Outcome(variant.name, seed, sft.judge, sft.run)

    def _of(self, training: Training) -> Outcome:
        variant, seed, run = training.variant, training.seed, training.run
        if finished(run.model):
            return Outcome(variant, seed, str(run.model), run.id)
        return Outcome(variant, seed, None, run.id, self.failed.get(run.id))


class Schedule:
    """What is submitted when: trainings, and the evaluation of a seed once its trainings are over.

    Judges of a seed are evaluated while other seeds are trained, so that no slot of the pool is
    idle before all are done. An evaluation that fails here is submitted again by `evaluate`.
    """

    def __init__(self, trainings: Trainings, evaluations: Evaluations) -> None:
        self.trainings = trainings
        self.evaluations = evaluations
        self.of: dict[Child, Training] = {}
        """the training of each child that was named so far, save evaluations"""
        self._running: set[Child] = set()

    def first(self) -> list[Child]:
        """What can begin at once."""
        return self._begin(self.trainings.to_do())

    def after(self, child: Child) -> list[Child]:
        """What can begin now that a child has ended."""
        training = self.of.get(child)
        if training is None:
            return []
        self._running.remove(child)
        new = self._begin(self.trainings.after(training))
        if any(self.of[one].seed == training.seed for one in self._running):
            return new
        outcomes = self.trainings.outcomes([training.seed])
        return [evaluation.child for evaluation in self.evaluations.to_do(outcomes)]

    def _begin(self, trainings: Sequence[Training]) -> list[Child]:
        new = {training.child: training for training in trainings}
        self.of.update(new)
        self._running.update(new)
        return list(new)


def train_variants(evaluations: Evaluations) -> list[Outcome]:
    """One outcome per variant and seed, in the order of the config.

    Raises:
        NothingToEvaluateError: every variant failed.
    """
    experiment = evaluations.experiment
    trainings = Trainings(experiment, evaluations.snapshot)
    schedule = Schedule(trainings, evaluations)
    if children := schedule.first():
        timeout_s = experiment.timeout_s
        for child, run in follow_children(children, timeout_s, then=schedule.after):
            training = schedule.of.get(child)
            if training is not None and not finished(training.run.model):
                why = short(problem(run, timeout_s) or "it completed without a model")
                get_run_logger().warning("%s: %s", child.title, why)
                trainings.failed[training.run.id] = why
    outcomes = trainings.outcomes(experiment.config.seeds)
    if not judges_of(outcomes):
        raise NothingToEvaluateError(f"no variant was trained: {failures(outcomes)[0].failure}")
    return outcomes
