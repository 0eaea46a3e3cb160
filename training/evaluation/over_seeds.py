"""Figures of several trainings of one recipe: means over seeds, and paired tests between recipes.

Takes rows of `RESULTS`, so an evaluation that was made for one judge at a time can be summed up
later. The halo, attribute SRCC and every other figure are treated alike.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from joppo.training.evaluation.results import Row
from joppo.training.metrics.seeds import OverSeeds, PairedSeeds, over_seeds, paired_over_seeds

BySeed = Mapping[int, Sequence[Row]]
"""seed -> rows of `RESULTS` of the judge that this seed made"""


@dataclass(frozen=True, order=True)
class FigureName:
    """Which figure a row holds, whoever's it is. Empty text stands for null."""

    set: str
    task: str
    metric: str
    of: str
    handling: str

    @classmethod
    def of_row(cls, row: Row) -> "FigureName":
        return cls(*(str(row[name] or "") for name in ("set", "task", "metric", "of", "handling")))


@dataclass(frozen=True)
class Summary:
    """A figure of a variant over seeds; `undefined` seeds have no value and are not in it."""

    variant: str
    figure: FigureName
    over: OverSeeds
    undefined: tuple[int, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """A figure of `variant` minus that of `versus`, over the seeds for which both are defined."""

    variant: str
    versus: str
    figure: FigureName
    paired: PairedSeeds
    seeds: tuple[int, ...]


def summarize(variants: Mapping[str, BySeed], level: float = 0.95) -> list[Summary]:
    """Mean and interval of every figure of every variant; one that no seed defines is left out."""
    found = []
    for variant, by_seed in variants.items():
        for figure, values in _values(by_seed).items():
            known = {seed: value for seed, value in values.items() if math.isfinite(value)}
            if known:
                missing = tuple(sorted(set(values) - set(known)))
                found.append(
                    Summary(variant, figure, over_seeds(list(known.values()), level), missing)
                )
    return found


def compare(variants: Mapping[str, BySeed], level: float = 0.95) -> list[Comparison]:
    """Paired tests of every figure between every two variants, the later minus the earlier."""
    values = {variant: _values(by_seed) for variant, by_seed in variants.items()}
    found = []
    for earlier, later in combinations(variants, 2):
        for figure in sorted(set(values[earlier]) & set(values[later])):
            one, other = values[later][figure], values[earlier][figure]
            seeds = tuple(
                seed
                for seed in sorted(set(one) & set(other))
                if math.isfinite(one[seed]) and math.isfinite(other[seed])
            )
            if seeds:
                paired = paired_over_seeds(
                    [one[seed] for seed in seeds], [other[seed] for seed in seeds], level
                )
                found.append(Comparison(later, earlier, figure, paired, seeds))
    return found


def _values(by_seed: BySeed) -> dict[FigureName, dict[int, float]]:
    """Figure -> seed -> value, NaN where it is undefined; differences between judges are no figure
    of one judge and are left out."""
    found: dict[FigureName, dict[int, float]] = {}
    for seed, rows in by_seed.items():
        for row in rows:
            if row["versus"] is None:
                value = math.nan if row["value"] is None else float(row["value"])
                found.setdefault(FigureName.of_row(row), {})[seed] = value
    return found
