"""The long-tail plan: which categories get how many synthesis attempts, from which parents, why.

Only photos of the chosen splits are counted and used, never the test split; a child belongs to its
parent's split. Everything about an attempt, its seed included, follows from content hashes, so
adding a photo leaves the attempts of others as they are, unless the target itself moves.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from joppo.data.config import StageConfig
from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.store.hashing import content_hash, unit_interval
from joppo.data.synthesis.control_maps import ControlConfig, control_uri
from joppo.data.synthesis.prompt_pool import PromptPool, load_pool
from joppo.data.taxonomy.categories import CATEGORIES

RECIPE_VERSION = "plan-1"
Control = Literal["canny", "depth", "depth+canny"]


def _default_controls() -> dict[Control, float]:
    return {"canny": 0.4, "depth": 0.2, "depth+canny": 0.4}


class PlanConfig(StageConfig):
    """How many images each category shall have.

    temperature: in [0, 1]; the target of a category with n photos is N (n / N) ** (1 - t), N the
        largest count: 0 adds nothing, 1 raises every category to the largest.
    targets: category -> photos wanted after synthesis; overrides the temperature's target.
    expected_yield: share of attempts that pass the gate, from calibration; attempts are planned so
        that the target is met after rejection.
    controls: weight of each control among the attempts; weights of controls that a parent cannot
        have (depth without a known map or a depth model) are left out.
    max_per_parent: most attempts per parent and category: more would be near-copies.
    max_per_category, max_total: budgets; null is no limit.
    """

    temperature: float = Field(default=0.5, ge=0, le=1)
    targets: dict[int, int] = Field(default_factory=dict)
    expected_yield: float = Field(default=0.7, gt=0, le=1)
    controls: dict[Control, float] = Field(default_factory=_default_controls)
    splits: tuple[Literal["train", "validation"], ...] = ("train",)
    max_per_parent: int = Field(default=8, ge=1)
    max_per_category: int | None = Field(default=None, ge=0)
    max_total: int | None = Field(default=None, ge=0)
    seed: int = 0

    @field_validator("targets")
    @classmethod
    def _known(cls, targets: dict[int, int]) -> dict[int, int]:
        if unknown := sorted(set(targets) - set(CATEGORIES)):
            raise ValueError(f"targets for unknown categories {unknown}; ids are 1 to 24")
        return targets

    @model_validator(mode="after")
    def _weighted(self) -> "PlanConfig":
        if min(self.controls.values(), default=0) < 0 or sum(self.controls.values()) <= 0:
            raise ValueError("controls need weights >= 0, at least one above 0")
        return self


@dataclass(frozen=True)
class Plan:
    """attempts: JSON-able, see `make_plan`; table: a row per category; controls: maps to make."""

    attempts: list[dict[str, Any]] = field(default_factory=list)
    table: list[dict[str, Any]] = field(default_factory=list)
    controls: list[dict[str, Any]] = field(default_factory=list)


def make_plan(
    photos: Iterable[LabelledPhoto],
    config: PlanConfig,
    control: ControlConfig,
    synthesis_key: str,
    pool: PromptPool | None = None,
) -> Plan:
    """Plan the attempts.

    Args:
        photos: one per photo that has a file. Those without a label and synthetic ones are left
            out.
        control: how control maps will be made; gives their places in the store.
        synthesis_key: `data.synthesis.config.synthesis_key(config)`; part of each attempt's id.
        pool: prompts, by default those of `data/synthesis/prompt_pool.yaml`.

    Returns:
        `attempts`, sorted by attempt_id: attempt_id, parent (images row), label (labels row),
        category, control, control_uris ({kind: uri}), prompt, negative_prompt, seed.
        `table`: category, name, photos, target, deficit, parents, attempts, why.
        `controls`: items for `data.synthesis.control_maps.control_shard`, each map once.
    """
    by_category = _parents(photos, config)
    counts = {category: len(by_category.get(category, {})) for category in CATEGORIES}
    largest = max(counts.values())
    drawer = _Drawer(config, control, synthesis_key, pool or load_pool())
    attempts: list[dict[str, Any]] = []
    table = []
    for category in sorted(CATEGORIES, key=lambda c: (counts[c], c)):
        left = None if config.max_total is None else config.max_total - len(attempts)
        row, made = _plan_category(category, by_category.get(category, {}), largest, left, drawer)
        table.append(row)
        attempts.extend(made)
    attempts.sort(key=lambda attempt: attempt["attempt_id"])
    table.sort(key=lambda row: row["category"])
    return Plan(attempts, table, drawer.control_items())


def target_count(count: int, largest: int, temperature: float) -> int:
    """Photos wanted of a category that has `count`, where the largest has `largest`."""
    if count == 0 or largest == 0:
        return 0
    return round(largest * (count / largest) ** (1 - temperature))


def attempt_group(attempt: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """(hash, attempt) for `data.store.shards.partition`: children of one parent share a shard.

    The gate compares siblings, so they must be together whatever the shard size.
    """
    return attempt["parent"]["image_id"], dict(attempt)


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
    category: int,
    parents: Mapping[str, LabelledPhoto],
    largest: int,
    left: int | None,
    drawer: "_Drawer",
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    config, count = drawer.config, len(parents)
    target = config.targets.get(category, target_count(count, largest, config.temperature))
    deficit = max(0, target - count)
    wanted = math.ceil(deficit / config.expected_yield - 1e-9)
    limits = {
        f"{count} parents x {config.max_per_parent} attempts": count * config.max_per_parent,
        "max_per_category": config.max_per_category,
        "max_total": left,
    }
    number, why = _limited(wanted, deficit, count, limits, config)
    made, skipped = drawer.draw(category, parents, number)
    if skipped:
        why += f"; {skipped} left out: the parent has none of the configured controls"
    if "depth" in drawer.asked and (flat := drawer.without_depth(parents)):
        why += f"; depth not planned for {flat} of {count} parents (no known depth, no depth model)"
    name = CATEGORIES[category].abbreviation
    row = {"category": category, "name": name, "photos": count, "target": target}
    row |= {"deficit": deficit, "parents": len({a["parent"]["image_id"] for a in made})}
    return row | {"attempts": len(made), "why": why}, made


def _limited(
    wanted: int,
    deficit: int,
    count: int,
    limits: Mapping[str, int | None],
    config: PlanConfig,
) -> tuple[int, str]:
    """(attempts, one sentence that says why so many)."""
    if count == 0:
        return 0, f"no photo in split {'/'.join(config.splits)} to start from"
    if wanted == 0:
        return 0, "has its target already"
    why = f"{deficit} missing / expected yield {config.expected_yield:g} = {wanted} attempts"
    number = wanted
    for name, limit in limits.items():
        if limit is not None and limit < number:
            number, why = limit, why + f", limited to {limit} by {name}"
    return number, why


class _Drawer:
    """Draws attempts and remembers which control maps they need."""

    def __init__(
        self, config: PlanConfig, control: ControlConfig, synthesis_key: str, pool: PromptPool
    ):
        self.config, self.control = config, control
        self.synthesis_key, self.pool = synthesis_key, pool
        self.asked = {k for name, w in config.controls.items() if w > 0 for k in name.split("+")}
        self._items: dict[str, dict[str, Any]] = {}

    def control_items(self) -> list[dict[str, Any]]:
        return [self._items[uri] for uri in sorted(self._items)]

    def has_depth(self, photo: LabelledPhoto) -> bool:
        return bool(photo.known_depth_uri) or self.control.depth_model is not None

    def without_depth(self, parents: Mapping[str, LabelledPhoto]) -> int:
        return sum(not self.has_depth(photo) for photo in parents.values())

    def draw(
        self, category: int, parents: Mapping[str, LabelledPhoto], number: int
    ) -> tuple[list[dict[str, Any]], int]:
        """(attempts, how many were left out): each parent once before any gets a second."""
        order = sorted(parents, key=lambda i: content_hash(self.config.seed, category, i))
        made, skipped = [], 0
        for index in range(number):
            photo = parents[order[index % len(order)]]
            attempt = self._attempt(category, photo, index // len(order))
            if attempt is None:
                skipped += 1
            else:
                made.append(attempt)
        return made, skipped

    def _attempt(
        self, category: int, photo: LabelledPhoto, round_number: int
    ) -> dict[str, Any] | None:
        parent = dict(photo.image)
        key = content_hash(self.config.seed, category, parent["image_id"], round_number)
        control = self._choose_control(photo, key)
        if control is None:
            return None
        uris = {kind: self._need(photo, kind) for kind in sorted(control.split("+"))}
        prompt = self.pool.prompt(category, key)
        seed = int(content_hash(key, "seed")[:8], 16) >> 1
        facts = (parent["image_id"], control, uris, prompt, self.pool.negative, seed)
        return {
            "attempt_id": content_hash(self.synthesis_key, category, *facts),
            "parent": parent,
            "label": dict(photo.label or {}),
            "category": category,
            "control": control,
            "control_uris": uris,
            "prompt": prompt,
            "negative_prompt": self.pool.negative,
            "seed": seed,
        }

    def _choose_control(self, photo: LabelledPhoto, key: str) -> str | None:
        depth = self.has_depth(photo)
        weights = [(n, w) for n, w in self.config.controls.items() if depth or "depth" not in n]
        place = unit_interval(key, "control") * sum(weight for _, weight in weights)
        for name, weight in weights:
            place -= weight
            if place < 0:
                return name
        return None

    def _need(self, photo: LabelledPhoto, kind: str) -> str:
        known = photo.known_depth_uri if kind == "depth" else None
        uri = control_uri(photo.id, kind, self.control, known_depth=bool(known))
        self._items[uri] = {"image": dict(photo.image), "kind": kind, "known_depth_uri": known}
        return uri


def plan_totals(table: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Sums over the plan's table: photos, deficit and attempts."""
    return {name: sum(row[name] for row in table) for name in ("photos", "deficit", "attempts")}
