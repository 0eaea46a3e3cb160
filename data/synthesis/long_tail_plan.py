"""The long-tail plan: which categories get how many synthesis attempts, from which parents, why.

Only photos of the chosen splits are counted and used, never the test split; a child belongs to its
parent's split. Everything about an attempt, its seed included, follows from content hashes, so
adding a photo leaves the attempts of others as they are, unless the target itself moves.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.synthesis.attempt import Attempt, MapRequest
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.draw_attempts import AttemptDrawer
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.data.synthesis.prompt_pool import PromptPool, load_pool
from joppo.data.taxonomy.categories import CATEGORIES

RECIPE_VERSION = "plan-1"
Parents = Mapping[str, LabelledPhoto]


@dataclass(frozen=True, slots=True)
class Plan:
    """The attempts, sorted by attempt_id; a table with a row per category; the maps to compute.

    Columns of the table: category, name, photos, target, deficit, parents, attempts, why.
    """

    attempts: list[Attempt] = field(default_factory=list)
    table: list[dict[str, Any]] = field(default_factory=list)
    maps: list[MapRequest] = field(default_factory=list)


def make_plan(
    photos: Iterable[LabelledPhoto],
    config: PlanConfig,
    control: ControlConfig,
    synthesis_key: str,
    pool: PromptPool | None = None,
) -> Plan:
    """Plan the attempts.

    Args:
        photos: those that have a file; photos without a label and synthetic ones are left out.
        control: how control maps will be made; determines their URIs in the store.
        synthesis_key: `data.synthesis.config.synthesis_key(config)`; part of each attempt's id.
        pool: prompts, by default those of `data/synthesis/prompt_pool.yaml`.
    """
    by_category = _parents(photos, config)
    counts = {category: len(by_category.get(category, {})) for category in CATEGORIES}
    largest = max(counts.values())
    drawer = AttemptDrawer(config, control, synthesis_key, pool or load_pool())
    attempts: list[Attempt] = []
    table = []
    for category in sorted(CATEGORIES, key=lambda c: (counts[c], c)):
        left = None if config.max_total is None else config.max_total - len(attempts)
        parents = by_category.get(category, {})
        row, drawn = _plan_category(category, parents, largest, left, drawer)
        table.append(row)
        attempts.extend(drawn)
    attempts.sort(key=lambda attempt: attempt.attempt_id)
    table.sort(key=lambda row: row["category"])
    return Plan(attempts, table, drawer.map_requests())


def target_count(count: int, largest: int, temperature: float) -> int:
    """Photos that a category of `count` photos shall have, where the largest has `largest`."""
    if count == 0 or largest == 0:
        return 0
    return round(largest * (count / largest) ** (1 - temperature))


def attempt_group(attempt: Attempt) -> tuple[str, Attempt]:
    """(hash, attempt) for `data.store.shards.partition`: children of one parent share a shard.

    The gate compares siblings, so they must be together whatever the shard size.
    """
    return attempt.parent_id, attempt


def plan_totals(table: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Sums over the plan's table: photos, deficit and attempts."""
    return {name: sum(row[name] for row in table) for name in ("photos", "deficit", "attempts")}


def _parents(
    photos: Iterable[LabelledPhoto], config: PlanConfig
) -> dict[int, dict[str, LabelledPhoto]]:
    """category -> image_id -> photo, of real photos in the chosen splits."""
    found: dict[int, dict[str, LabelledPhoto]] = defaultdict(dict)
    for photo in photos:
        if photo.is_synthetic or photo.image.get("split") not in config.splits:
            continue
        # A photo may be in two datasets with different splits; the stricter one counts.
        if photo.label is None or photo.label.get("split") == "test":
            continue
        for category in photo.categories:
            found[category][photo.id] = photo
    return found


def _plan_category(
    category: int, parents: Parents, largest: int, left: int | None, drawer: AttemptDrawer
) -> tuple[dict[str, Any], list[Attempt]]:
    """The category's row of the table and its attempts; `left` is what max_total allows still."""
    config, count = drawer.config, len(parents)
    target = config.targets.get(category, target_count(count, largest, config.temperature))
    deficit = max(0, target - count)
    number, why = _attempt_number(deficit, count, left, config)
    attempts, skipped = drawer.draw(category, parents, number)
    if skipped:
        why += f"; {skipped} left out: the parent has none of the configured controls"
    flat = sum(not drawer.has_depth(photo) for photo in parents.values())
    if flat and "depth" in drawer.kinds:
        why += f"; depth not planned for {flat} of {count} parents (no known depth, no depth model)"
    row = {
        "category": category,
        "name": CATEGORIES[category].abbreviation,
        "photos": count,
        "target": target,
        "deficit": deficit,
        "parents": len({attempt.parent_id for attempt in attempts}),
        "attempts": len(attempts),
        "why": why,
    }
    return row, attempts


def _attempt_number(
    deficit: int, count: int, left: int | None, config: PlanConfig
) -> tuple[int, str]:
    """(attempts, one sentence that says why so many)."""
    number = math.ceil(deficit / config.expected_yield - 1e-9)
    if count == 0:
        return 0, f"no photo in split {'/'.join(config.splits)} to start from"
    if number == 0:
        return 0, "has its target already"
    why = f"{deficit} missing / expected yield {config.expected_yield:g} = {number} attempts"
    limits = {
        f"{count} parents x {config.max_per_parent} attempts": count * config.max_per_parent,
        "max_per_category": config.max_per_category,
        "max_total": left,
    }
    for name, limit in limits.items():
        if limit is not None and limit < number:
            number, why = limit, why + f", limited to {limit} by {name}"
    return number, why
