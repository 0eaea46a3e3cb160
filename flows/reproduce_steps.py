"""Steps of reproduce-paper: trainings and evaluations as children on the `gpu` pool.

A child that fails costs its row, not the run. Models that are finished are not submitted again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.logging import get_run_logger

from data.store import Store
from flows.config import load_config
from flows.submit import Child, follow_children, problem
from training.config import NEW, JoppoConfig, SftConfig
from training.evaluation.config import EvaluateConfig
from training.evaluation.run import load_sets
from training.model_folder import finished
from training.reproduction.config import BUILT, ReproduceConfig, VariantConfig
from training.reproduction.findings import unanswered
from training.reproduction.outcome import Outcome, judges_of
from training.run_folder import Run
from training.runs import prepare


@dataclass(frozen=True)
class Bench:
    """What all steps share; `base` is the folder of the config."""

    config: ReproduceConfig
    base: Path
    root: str
    snapshot: str

    @property
    def timeout_s(self) -> float:
        return 3600 * self.config.timeout_h

    def place(self, name: str) -> str:
        """A path of the config, as seen from the working directory."""
        return str(self.base / name)


@dataclass(frozen=True)
class Job:
    """One training: the run it makes, and the child that makes it."""

    variant: str
    seed: int
    run: Run
    child: Child


def train_sft_judges(bench: Bench) -> dict[int, Outcome]:
    """seed -> the SFT judge of that seed, or why there is none."""
    if not bench.config.uses_sft:
        return {}
    jobs = []
    for seed in bench.config.seeds:
        values = {"seed": seed, "snapshot": bench.snapshot}
        config = load_config(SftConfig, bench.place(bench.config.sft), values)
        jobs.append(_job(bench, "sft", seed, "train-sft", bench.config.sft, config, values))
    return {outcome.seed: outcome for outcome in _trained(bench, jobs) if outcome.seed is not None}


def train_variants(bench: Bench, sft: Mapping[int, Outcome]) -> list[Outcome]:
    """One outcome per variant and seed, in the order of the config."""
    jobs, ready = [], []
    for variant in bench.config.variants:
        for seed in bench.config.seeds:
            start = sft.get(seed)
            if variant.start == "sft" and (start is None or start.judge is None):
                why = f"no SFT judge: {start.failure if start else 'not trained'}"
                ready.append(Outcome(variant.name, seed, None, failure=why))
            elif variant.joppo is None:
                ready.append(_untrained(bench, variant, seed, start))
            else:
                jobs.append(_variant_job(bench, variant, seed, start))
    made = {(one.variant, one.seed): one for one in [*ready, *_trained(bench, jobs)]}
    return [made[v.name, seed] for v in bench.config.variants for seed in bench.config.seeds]


def _untrained(bench: Bench, variant: VariantConfig, seed: int, start: Outcome | None) -> Outcome:
    """A variant without reinforcement learning: the SFT judge, or the base that it began from."""
    if variant.start == "sft":
        assert start is not None
        return Outcome(variant.name, seed, start.judge, start.run)
    base = load_config(SftConfig, bench.place(bench.config.sft)).base
    return Outcome(variant.name, seed, base)


def _variant_job(bench: Bench, variant: VariantConfig, seed: int, start: Outcome | None) -> Job:
    values: dict[str, Any] = {"seed": seed, "snapshot": bench.snapshot, **(variant.joppo or {})}
    if variant.start == "base":
        sft = load_config(SftConfig, bench.place(bench.config.sft))
        values |= {"adapter": NEW, "base": sft.base, "lora": sft.lora.model_dump()}
    else:
        assert start is not None and start.judge is not None
        values["adapter"] = start.judge
    config = load_config(JoppoConfig, bench.place(bench.config.joppo), values)
    name = bench.config.joppo
    return _job(bench, variant.name, seed, "train-joppo", name, config, values)


def _job(
    bench: Bench, variant: str, seed: int, deployment: str, name: str,
    config: SftConfig | JoppoConfig, values: dict[str, Any],
) -> Job:  # fmt: skip
    parameters = {"config": bench.place(name), "store": bench.root, "overrides": values}
    return Job(variant, seed, prepare(config, Store(bench.root)), Child(deployment, parameters))


def _trained(bench: Bench, jobs: Sequence[Job]) -> list[Outcome]:
    """Train what is not finished, side by side as far as the pool allows."""
    todo = [job for job in jobs if not finished(job.run.model)]
    runs = follow_children([job.child for job in todo], bench.timeout_s) if todo else []
    problems = {
        (job.variant, job.seed): problem(run, bench.timeout_s)
        for job, run in zip(todo, runs, strict=True)
    }
    outcomes = []
    for job in jobs:
        if finished(job.run.model):
            made = Outcome(job.variant, job.seed, str(job.run.model), job.run.id)
        else:
            why = problems[job.variant, job.seed] or "completed without a model"
            get_run_logger().warning("%s, seed %d: %s", job.variant, job.seed, why)
            made = Outcome(job.variant, job.seed, None, job.run.id, why)
        outcomes.append(made)
    return outcomes


def evaluation(bench: Bench, outcomes: Sequence[Outcome]) -> EvaluateConfig:
    """How the judges are asked: the evaluation config with the judges and sets of this run."""
    values = {"judges": judges_of(outcomes), "sets": sets_of(bench.config, bench.snapshot)}
    return load_config(EvaluateConfig, bench.place(bench.config.evaluate), values)


def evaluate(bench: Bench, how: EvaluateConfig, outcomes: Sequence[Outcome]) -> list[str]:
    """Have all judges answer what they have not answered, one child per seed; what went wrong."""
    store = Store(bench.root)
    sets = load_sets(how, store, bench.base)
    todo = [j for j in judges_of(outcomes) if unanswered(j, how, sets, store)]
    children = []
    for seed in bench.config.seeds:
        mine = [judge for judge in judges_of([o for o in outcomes if o.seed == seed])
                if judge in todo]  # fmt: skip
        todo = [judge for judge in todo if judge not in mine]
        if mine:
            values = {"judges": mine, "sets": sets_of(bench.config, bench.snapshot)}
            place = bench.place(bench.config.evaluate)
            parameters = {"config": place, "store": bench.root, "overrides": values}
            children.append(Child("evaluate-judge", parameters))
    runs = follow_children(children, bench.timeout_s) if children else []
    told = [why for run in runs if (why := problem(run, bench.timeout_s))]
    for why in told:
        get_run_logger().warning("an evaluation did not complete: %s", why)
    return told


def sets_of(config: ReproduceConfig, snapshot: str) -> list[dict[str, Any]]:
    """The sets of the config with the snapshot that was built, as values of an EvaluateConfig."""
    return [
        one.model_copy(update={"snapshot": snapshot} if one.snapshot == BUILT else {}).model_dump(
            mode="json", exclude_defaults=True
        )
        for one in config.sets
    ]
