"""What the full recipe will take by the measures of a rehearsal, beside the plan's figures."""

import math
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from joppo.data.reasoning.plan_cost import PlanRow
from joppo.data.teachers.pricing import UnknownPriceError
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.cli.actions.plan_build import plan_build
from joppo.flows.cli.actions.plan_capacity import capacity_plan
from joppo.flows.config import read_values, validated
from joppo.flows.rehearsal.profile import BUILD, Profile
from joppo.training.capacity.counts import CapacityError
from joppo.training.capacity.plan import Plan
from joppo.training.judges.config import EndpointJudgeConfig
from joppo.training.rehearsal.outcome import Forecast, StageOutcome, Warned
from joppo.training.rehearsal.paths import placed
from joppo.training.rehearsal.settings import Settings

Outcomes = Mapping[str, StageOutcome]
Measures = Mapping[str, float]
CAPACITY = "capacity.yaml"


def forecast(profile: Profile, settings: Settings, outcomes: Outcomes) -> list[Forecast]:
    """One line per part of the recipe whose stage passed."""
    if outcomes["labels"].status != "passed" or outcomes["build"].status != "passed":
        return []
    planned = {row.item: row for row in _build_plan(profile, settings)}
    plan = _capacity(profile, outcomes)
    all_measures = {name: outcome.measures for name, outcome in outcomes.items()}
    return [
        *_data_parts(all_measures, planned, plan),
        *_training_parts(profile, all_measures, planned, plan),
        *_evaluation_part(profile, outcomes, plan),
    ]


def plan_problem(profile: Profile, settings: Settings, outcomes: Outcomes) -> str | None:
    """Why there is no plan to compare with, as `joppo plan` would say it; None where there is."""
    try:
        _build_plan(profile, settings)
        _capacity(profile, outcomes)
    except (CapacityError, UnknownPriceError) as error:
        return str(error)
    return None


def disk_warnings(
    profile: Profile, settings: Settings, outcomes: Outcomes, store: Path
) -> list[Warned]:
    """Whether the disk of the store has room for the full recipe, by the plan."""
    plan = _capacity(profile, outcomes)
    if plan is not None:
        needed = plan.disk_gb
    else:
        needed = next(r.disk_gb for r in _build_plan(profile, settings) if r.item == "total")
    free = shutil.disk_usage(store).free / 1e9
    if free >= needed:
        return []
    return [
        Warned(
            f"the disk of {store} has {free:,.0f} GB free, the full recipe needs {needed:,.0f}",
            "set JOPPO_STORE to a larger disk or a bucket, JOPPO_RUNS to a larger disk",
        )
    ]


def _build_plan(profile: Profile, settings: Settings) -> list[PlanRow]:
    """The plan of the profile's own build, on the datasets of this machine."""
    base = profile.folder
    values = placed(read_values(base / BUILD, ""), base, settings.datasets)
    return plan_build(validated(BuildSftDataConfig, values, base / BUILD), Path())


def _capacity(profile: Profile, outcomes: Outcomes) -> Plan | None:
    """The plan of the whole recipe for the photos of this machine, where the profile has one."""
    photos = int(outcomes["labels"].measures.get("composed", 0))
    if not photos or not (profile.folder / CAPACITY).is_file():
        return None
    return capacity_plan(profile.folder, photos)


def _data_parts(
    measures: Mapping[str, Measures], planned: Mapping[str, PlanRow], plan: Plan | None
) -> Iterator[Forecast]:
    built, labels = measures["build"], measures["labels"]
    images = planned["synthetic photos"].images
    maps = images * _ratio(built["control maps"], built["images made"])
    answers = planned["total"].requests
    parts = (
        ("photos read", "ingest", labels["photos"], "photos", built["photos"], "ingest"),
        ("control maps", "control", maps, "maps", built["control maps"], "maps"),
        ("images made", "synthesize", images, "images", built["images made"], "synthesis"),
        ("images checked", "gate", images, "images", built["images made"], "gate"),
    )
    for part, task, amount, unit, done, step in parts:
        if amount:
            each = _each(built.get(f"s_{task}", 0.0), done)
            yield Forecast(part, amount, unit, each, plan_hours=_hours(plan, step))
    each = _each(built.get("s_reason", 0.0), built["teacher answers"])
    usd = answers * _ratio(built["usd"], built["teacher answers"])
    yield Forecast(
        "answers of teachers",
        answers,
        "answers",
        each,
        plan_hours=_hours(plan, "reasoning") or planned["total"].hours,
        usd=usd,
        plan_usd=planned["total"].cost_usd,
    )


def _training_parts(
    profile: Profile,
    measures: Mapping[str, Measures],
    planned: Mapping[str, PlanRow],
    plan: Plan | None,
) -> Iterator[Forecast]:
    built, labels = measures["build"], measures["labels"]
    accepted = planned["synthetic photos"].images * _ratio(
        built["images accepted"], built["images made"]
    )
    growth = _ratio(labels["photos"] + accepted, built["photos"] + built["images accepted"])
    sft, joppo = profile.sft, profile.joppo
    rows = built["SFT samples to train on"] * growth * sft.epochs
    if sft.max_steps > 0:
        rows = min(rows, sft.max_steps * sft.batch)
    scored = _ratio(labels["scored"], built["scored photos"])
    weights = joppo.task_weights
    prompts = joppo.epochs * (
        built["prompts: score"] * scored * weights.get("score", 0.0)
        + built["prompts: composition"] * growth * weights.get("composition", 0.0)
        + built["prompts: perspective"] * growth * weights.get("perspective", 0.0)
    )
    if joppo.max_steps > 0:
        window = joppo.updates_per_batch * joppo.iterations
        prompts = min(prompts, joppo.max_steps / window * joppo.photos)
    for part, stage, amount, unit, config, step in (
        ("SFT", "train-sft", rows, "conversations", sft, "sft"),
        ("JoPPO", "train-joppo", prompts * joppo.group, "completions", joppo, "joppo"),
    ):
        each = None
        if found := measures.get(stage):
            each = _each(found["step_s"] * found["processes"], found["items_per_step"])
        seeds = plan.recipe.seeds if plan else 1
        hours = _hours(plan, step)
        yield Forecast(
            part,
            amount,
            unit,
            each,
            processes=config.launch.processes,
            plan_hours=None if hours is None else hours / seeds,
        )


def _evaluation_part(profile: Profile, outcomes: Outcomes, plan: Plan | None) -> Iterator[Forecast]:
    measures, labels = outcomes["evaluate"].measures, outcomes["labels"].measures
    if not measures:
        return
    local = [one for one in profile.evaluate.judges if not isinstance(one, EndpointJudgeConfig)]
    asked = {row["set"]: row["questions"] for row in outcomes["evaluate"].figures}
    questions = sum(labels.get(f"set {name}", count) for name, count in asked.items())
    each = _each(measures["seconds"], measures["answers"])
    yield Forecast(
        "evaluation: judges on this machine",
        questions * len(local),
        "answers",
        each,
        plan_hours=_evaluation_hours(plan, questions * len(local)),
    )


def _evaluation_hours(plan: Plan | None, answers: float) -> float | None:
    """Of so many answers: the plan's own number is that of all variants and seeds."""
    rows = [row for row in plan.of("evaluation") if "local" in row.stage] if plan else []
    return answers * _ratio(rows[0].hours, rows[0].items) if rows else None


def _hours(plan: Plan | None, step: str) -> float | None:
    rows = plan.of(step) if plan else []
    return max(row.hours for row in rows) if rows else None


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _each(seconds: float, items: float) -> float | None:
    """Seconds of one item; None where nothing was measured, or all came from an earlier run."""
    return seconds / items if items and seconds > 0 and math.isfinite(seconds) else None
