"""Figures of made-up variants, for tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL
from joppo.training.evaluation.over_seeds import FigureName
from joppo.training.evaluation.results import Row
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.figures_of_interest import ALL, LAST, TOTAL, KeyFigure

NAMES = ("composition", "color")
VARIANTS = ("base", "sft", "without-sft", "without-joppo", "literal", "full")
SCENES: dict[str, Any] = {"per_category": 1, "seed": 9, "size": 64}


def config(**values: Any) -> ReproduceConfig:
    """An experiment of two sets and all variants."""
    variants = [
        {
            "name": name,
            "about": f"about {name}",
            "start": "base" if name in ("base", "without-sft") else "sft",
            "joppo": None if name in ("base", "sft") else {},
        }
        for name in VARIANTS
    ]
    sets = [{"name": "mine", "scenes": SCENES}, {"name": "other", "scenes": SCENES}]
    return ReproduceConfig.model_validate({"variants": variants, "sets": sets, **values})


def figure(wanted: KeyFigure, name: str = "mine") -> FigureName:
    """The first kind of a wanted figure, on a set."""
    task, metric, handling = wanted.kinds[0]
    return FigureName(name, task, metric, "", handling)


def row(one: FigureName, value: float | None) -> Row:
    """A row of `RESULTS`, as far as it is read; empty text is null."""
    named = {
        name: getattr(one, name) or None for name in ("set", "task", "metric", "of", "handling")
    }
    return {**named, "value": value, "versus": None}


def by_seed(one: FigureName, values: Sequence[float | None]) -> dict[int, list[Row]]:
    """One figure under seeds 0, 1, ..."""
    return {seed: [row(one, value)] for seed, value in enumerate(values)}


def judged(level: float, seed: int) -> list[Row]:
    """All figures of a judge on both sets; the better the level, the higher."""
    value = level + 0.01 * ((7 * seed) % 3)
    rows = [row(figure(one), value) for one in ALL]
    rows += [
        row(FigureName("mine", ATTRIBUTES_TO_TOTAL, metric, of, "excluded"), value)
        for metric in ("attribute_to_total", "srcc_attribute", "attribute_to_mos")
        for of in NAMES
    ]
    rows.append(row(FigureName("mine", ATTRIBUTES_TO_TOTAL, "halo", "", "excluded"), 0.3))
    rows.append(row(figure(TOTAL, "other"), value - 0.1))
    rows.append(row(figure(LAST), 0.97))
    return rows


def experiment(seeds: int = 3, **levels: float) -> Mapping[str, dict[int, list[Row]]]:
    """All variants under some seeds; each variant is a little better than the one before."""
    return {
        name: {seed: judged(levels.get(name, 0.3 + 0.1 * place), seed) for seed in range(seeds)}
        for place, name in enumerate(VARIANTS)
    }
