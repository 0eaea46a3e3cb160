"""How many items of each kind follow from a number of photos and the configs of a profile.

Expected numbers, not whole ones: a plan for a thousand times as many photos is a thousand times as
large wherever the recipe is linear.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from joppo.data.questions.template_pool import Task
from joppo.training.capacity.config import Amounts, CapacityConfig
from joppo.training.capacity.recipe import Recipe
from joppo.training.config import JoppoConfig
from joppo.training.evaluation.config import SetConfig

# Tasks of the flow that are one run each: listing, plan, deduplicate, sheet, publish, report.
_SINGLE_RUNS = 6


class CapacityError(ValueError):
    """No plan follows from these values; the message names the value and the remedy."""


@dataclass(frozen=True)
class Counts:
    """Numbers of items; every one is 0 or more."""

    photos: float
    """with a composition label"""
    scored: float
    """with a human score, beside those"""
    attempts: float
    accepted: float
    """synthetic photos that pass the gate"""
    canny_maps: float
    depth_maps: float
    requests: Mapping[str, float]
    """by teacher"""
    conversations: float
    """that one SFT sees"""
    completions: Mapping[str, float]
    """that one run of reinforcement learning samples, by variant"""
    local_answers: float
    endpoint_answers: Mapping[str, float]
    """by the endpoint's teacher name"""
    task_runs: float
    """of one build"""

    @property
    def read(self) -> float:
        """Photos that are ingested."""
        return self.photos + self.scored

    @property
    def known(self) -> float:
        """Photos of the corpus, synthetic ones included."""
        return self.read + self.accepted

    @property
    def texts(self) -> float:
        """Answers of teachers."""
        return sum(self.requests.values())


def count(recipe: Recipe, config: CapacityConfig, photos: int) -> Counts:
    """The items of a plan for so many photos with a composition label.

    Raises:
        CapacityError: `photos` is below 1, or a set's number of questions is not known.
    """
    if photos < 1:
        raise CapacityError(f"a plan needs at least one photo, not {photos}")
    amounts = config.amounts
    scored = photos * amounts.scored_per_photo.value
    attempts, parents = _attempts(recipe, amounts, photos)
    accepted = attempts * recipe.plan.expected_yield if recipe.plan else 0.0
    kinds = _kinds(recipe)
    asked = _asked(recipe, amounts, photos + accepted, scored)
    trained = scored * amounts.scored_train_share.value
    seen = _asked(recipe, amounts, photos * recipe.splits.train + accepted, trained)
    questions = sum(_set_size(one, recipe, amounts, photos) for one in recipe.sets)
    return Counts(
        photos=photos,
        scored=scored,
        attempts=attempts,
        accepted=accepted,
        canny_maps=parents * ("canny" in kinds),
        depth_maps=parents * ("depth" in kinds),
        requests=_requests(recipe, asked),
        conversations=_conversations(recipe, amounts, seen),
        completions={v.name: _completions(v.joppo, seen) for v in recipe.variants if v.joppo},
        local_answers=questions * recipe.local_judges,
        endpoint_answers={one.name: questions for one in recipe.endpoints},
        task_runs=_task_runs(recipe, config, photos + scored, attempts),
    )


def _attempts(recipe: Recipe, amounts: Amounts, photos: int) -> tuple[float, float]:
    """Attempts and their parents, in expectation: `data.synthesis.long_tail_plan` makes them."""
    plan = recipe.plan
    if plan is None:
        return 0.0, 0.0
    share = sum(getattr(recipe.splits, split) for split in plan.splits)
    scale = photos * share / amounts.dataset_photos
    sizes = {category: number * scale for category, number in amounts.categories.items()}
    largest = max(sizes.values())
    planned: dict[int, float] = {}
    for category, size in sizes.items():
        if not size:
            continue
        target = largest * (size / largest) ** (1 - plan.temperature)
        missing = max(0.0, plan.targets.get(category, target) - size) / plan.expected_yield
        limits = [missing, size * plan.max_per_parent]
        if plan.max_per_category is not None:
            limits.append(plan.max_per_category)
        planned[category] = min(limits)
    total = sum(planned.values())
    kept = 1.0 if plan.max_total is None or not total else min(1.0, plan.max_total / total)
    parents = sum(min(sizes[category], number * kept) for category, number in planned.items())
    return total * kept, parents


def _kinds(recipe: Recipe) -> set[str]:
    """Control maps that some attempt may need; an upper estimate: each parent gets all of them."""
    if recipe.plan is None:
        return set()
    named = {k for name, w in recipe.plan.controls.items() if w > 0 for k in name.split("+")}
    return named if recipe.depth_model else named - {"depth"}


def _asked(recipe: Recipe, amounts: Amounts, labelled: float, scored: float) -> dict[Task, float]:
    """Photos whose label answers questions of a task, for the tasks that are asked at all."""
    perspective = labelled * amounts.perspective_share.value
    photos: dict[Task, float] = {
        "composition": labelled,
        "perspective": perspective,
        "aesthetic": scored,
    }
    return {task: number for task, number in photos.items() if task in recipe.reasoning.tasks}


def _requests(recipe: Recipe, asked: Mapping[Task, float]) -> dict[str, float]:
    """By teacher."""
    found: dict[str, float] = {}
    for task, photos in asked.items():
        for name, each in recipe.routed[task].items():
            found[name] = found.get(name, 0.0) + photos * each
    return dict(sorted(found.items()))


def _conversations(recipe: Recipe, amounts: Amounts, seen: Mapping[Task, float]) -> float:
    config, reasoning = recipe.sft, recipe.reasoning
    rows = sum(
        photos
        * reasoning.templates_per_image.get(task, 0)
        * reasoning.teachers_per_question
        * config.task_weights.get(task, 0.0)
        for task, photos in seen.items()
    )
    rows *= amounts.accepted_share.value * config.epochs
    return min(rows, config.max_steps * config.batch) if config.max_steps > 0 else rows


def _completions(config: JoppoConfig, seen: Mapping[Task, float]) -> float:
    """One prompt a photo and task that its label answers, `group` completions each."""
    weights = config.task_weights
    prompts = config.epochs * (
        seen.get("aesthetic", 0.0) * weights.get("score", 0.0)
        + seen.get("composition", 0.0) * weights.get("composition", 0.0)
        + seen.get("perspective", 0.0) * weights.get("perspective", 0.0)
    )
    if config.max_steps > 0:
        batches = config.max_steps / (config.updates_per_batch * config.iterations)
        prompts = min(prompts, batches * config.photos)
    return prompts * config.group


def _set_size(one: SetConfig, recipe: Recipe, amounts: Amounts, photos: int) -> float:
    size = amounts.sets.get(one.name)
    if size is not None:
        return size.value
    if one.source is None or one.source.kind != "picd":
        raise CapacityError(
            f"evaluation set {one.name}: its number of questions is not known; "
            f"state it as amounts.sets.{one.name}"
        )
    share = 1.0 if one.split == "all" else getattr(recipe.splits, one.split)
    return photos * share if one.limit is None else min(photos * share, one.limit)


def _task_runs(recipe: Recipe, config: CapacityConfig, read: float, attempts: float) -> float:
    """One per shard: ingest and reason over photos; control, synthesize, gate, reason over
    attempts."""
    fill = config.engines.shard_fill.value
    photos = read / (recipe.shard_size * fill)
    return _SINGLE_RUNS + 2 * photos + 4 * attempts / (recipe.synthesis_shard_size * fill)
