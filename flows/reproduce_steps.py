"""Steps of reproduce-paper: trainings and evaluations as children on the `gpu` pool.

A child that fails costs its row, not the run. What is finished is not submitted again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from prefect.logging import get_run_logger

from data.store import Store
from flows.reproduce_bench import Bench, Job
from flows.submit import Child, follow_children, problem
from training.evaluation.config import EvaluateConfig
from training.evaluation.run import load_sets
from training.model_folder import finished
from training.reproduction.config import VariantConfig
from training.reproduction.findings import named, unanswered
from training.reproduction.outcome import Outcome, failures, judges_of

LONGEST = 300
TOGETHER = 3
"""Judges of a seed that one child evaluates: so many that all slots of a pool end at one time."""


class NothingToEvaluateError(RuntimeError):
    """There is no judge at all; the message says why."""


def train_variants(bench: Bench, snapshot: str) -> list[Outcome]:
    """One outcome per variant and seed, in the order of the config.

    What begins from the base judge is trained beside the SFT judges, the rest each after its own.

    Raises:
        NothingToEvaluateError: every variant failed.
    """
    config = bench.config
    learners = [(v, seed) for v in config.variants if v.joppo is not None for seed in config.seeds]
    base = bench.sft_config({}).base
    sft_jobs = [bench.sft_job(seed, snapshot) for seed in config.seeds if config.uses_sft]
    first = [bench.joppo_job(v, seed, snapshot, base) for v, seed in learners if v.start == "base"]

    def after(job: Job) -> list[Job]:
        if job not in sft_jobs:
            return []
        judge = str(job.run.model)
        mine = (v for v, seed in learners if v.start == "sft" and seed == job.seed)
        return [bench.joppo_job(v, job.seed, snapshot, judge) for v in mine]

    made = _train(bench, [*sft_jobs, *first], after)
    sft = {job.seed: outcome for job, outcome in made if job in sft_jobs}
    trained = {(job.variant, job.seed): outcome for job, outcome in made if job not in sft_jobs}
    outcomes = [
        trained.get((v.name, seed)) or _untrained(v, seed, sft.get(seed), base)
        for v in config.variants
        for seed in config.seeds
    ]
    if not judges_of(outcomes):
        raise NothingToEvaluateError(f"no variant was trained: {failures(outcomes)[0].failure}")
    return outcomes


def _untrained(variant: VariantConfig, seed: int, sft: Outcome | None, base: str) -> Outcome:
    """A variant without reinforcement learning, or one that has nothing to begin from."""
    if variant.start == "base":
        return Outcome(variant.name, seed, base)
    assert sft is not None  # there is one per seed where a variant begins from it
    if sft.judge is None:
        return Outcome(variant.name, seed, None, failure=f"no SFT judge: {sft.failure}")
    return Outcome(variant.name, seed, sft.judge, sft.run)


def _train(
    bench: Bench, wanted: Sequence[Job], after: Callable[[Job], Sequence[Job]]
) -> list[tuple[Job, Outcome]]:
    """Train what is not finished, side by side as far as the pool allows.

    `after` names the jobs that can begin once a job is finished; they wait for no other.
    """
    jobs = list(wanted)
    for job in jobs:  # grows
        if finished(job.run.model):
            jobs += after(job)
    todo = [job for job in jobs if not finished(job.run.model)]

    def then(place: int) -> list[Child]:
        more = list(after(todo[place])) if finished(todo[place].run.model) else []
        jobs.extend(more)
        new = [job for job in more if not finished(job.run.model)]
        todo.extend(new)
        return [job.child for job in new]

    children = [job.child for job in todo]
    runs = follow_children(children, bench.timeout_s, then=then) if todo else []
    problems = {
        job.run.id: problem(run, bench.timeout_s) for job, run in zip(todo, runs, strict=True)
    }
    return [(job, _outcome(job, problems.get(job.run.id))) for job in jobs]


def _outcome(job: Job, failure: str | None) -> Outcome:
    if finished(job.run.model):
        return Outcome(job.variant, job.seed, str(job.run.model), job.run.id)
    why = short(failure or "it completed without a model")
    get_run_logger().warning("%s, seed %d: %s", job.variant, job.seed, why)
    return Outcome(job.variant, job.seed, None, job.run.id, why)


def evaluate(
    bench: Bench, how: EvaluateConfig, snapshot: str, outcomes: Sequence[Outcome]
) -> list[Outcome]:
    """Have all judges answer what they have not answered, some judges of a seed in each child.

    A judge that did not answer everything is no judge of the outcomes any more: figures of a part
    of the questions would not be those of the others.
    """
    store = Store(bench.root)
    sets, judges = load_sets(how, store, bench.base), named(how, outcomes, store)
    todo = [spec for spec, judge in judges.items() if unanswered(judge, sets, store)]
    owners = {one.judge: one.seed for one in reversed(outcomes)}
    by_seed: dict[int, list[str]] = defaultdict(list)
    for spec in todo:
        by_seed[owners[spec]].append(spec)
    shares = [
        (seed, mine[first : first + TOGETHER])
        for seed, mine in by_seed.items()
        for first in range(0, len(mine), TOGETHER)
    ]
    children = [
        Child(
            "evaluate-judge",
            {
                "config": bench.place(bench.config.evaluate),
                "store": bench.root,
                "overrides": bench.evaluation_values(share, snapshot),
            },
            f"judges of seed {seed}",
        )
        for seed, share in shares
    ]
    runs = follow_children(children, bench.timeout_s) if children else []
    told = {
        spec: problem(run, bench.timeout_s)
        for (_, share), run in zip(shares, runs, strict=True)
        for spec in share
    }
    left = {spec: n for spec in todo if (n := unanswered(judges[spec], sets, store))}
    return [_asked(one, left, told) for one in outcomes]


def _asked(one: Outcome, left: dict[str, int], told: dict[str, str | None]) -> Outcome:
    if one.judge is None or one.judge not in left:
        return one
    because = short(told[one.judge] or "the evaluation completed")
    why = f"{left[one.judge]} questions unanswered: {because}"
    get_run_logger().warning("%s, seed %d: %s", one.variant, one.seed, why)
    return replace(one, judge=None, failure=why)


def short(why: str) -> str:
    """The first line, for a cell of a table; the rest is in the log of the run."""
    first = why.strip().splitlines()[0]
    return first if len(first) <= LONGEST else f"{first[:LONGEST]}…"
