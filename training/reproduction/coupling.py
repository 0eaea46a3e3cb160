"""What sets a joint reward apart, measured: do a photo's drawn attributes tell its drawn total?

The conditional of the joint Gaussian knows attributes only by their covariance with the total among
candidates of one photo. Where there is none, its win rates are those of a single score and noise,
and the two rewards cannot teach different things.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from joppo.training.evaluation.text_table import TextTable
from joppo.training.metrics.seeds import OverSeeds, over_seeds
from joppo.training.reproduction.pictures import Curves, by_step
from joppo.training.reproduction.tables import over_seeds_text

R2, CHANCE = "health/coupling_r2", "health/coupling_r2_by_chance"


def coupling_table(runs: Curves, full: str, level: float) -> TextTable:
    """R² of totals on attributes within photos, beside what unrelated attributes would give.

    Each seed is the mean over the batches whose health was logged; see `training.rewards.health`.
    """
    rows = []
    excess: dict[str, OverSeeds] = {}
    for variant, by_seed in runs.items():
        if pairs := [pair for run in by_seed.values() if (pair := _means(run))]:
            r2, chance = zip(*pairs, strict=True)
            excess[variant] = over_seeds(np.subtract(r2, chance).tolist(), level)
            columns = (over_seeds(r2, level), over_seeds(chance, level), excess[variant])
            rows.append((variant, *map(over_seeds_text, columns)))
    note = (
        "The joint reward knows attributes only by their covariance with the total among the "
        "candidates of one photo: without any, it teaches what a single score teaches. "
    )
    header = ("variant", "R² of the total on attributes", "by chance", "in excess")
    title = "What the joint reward had to go on"
    return TextTable(title, header, rows, note + _reading(full, excess.get(full)))


def _means(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    """Of R² and of chance, over the steps that have both; None where no step has."""
    r2, chance = by_step(rows, R2), by_step(rows, CHANCE)
    pairs = [(r2[step], chance[step]) for step in sorted(set(r2) & set(chance))]
    known = [pair for pair in pairs if all(v is not None and math.isfinite(v) for v in pair)]
    return tuple(np.mean(known, axis=0).tolist()) if known else None


def _reading(full: str, excess: OverSeeds | None) -> str:
    """What the figures of the full recipe mean for the claims about its reward."""
    if excess is None or math.isnan(excess.low):
        return f"For {full} there are too few seeds to tell."
    if excess.low > 0:
        return (
            f"In {full} they had more to tell than by chance, so its reward could differ from that "
            "of a single score."
        )
    return (
        f"In {full} the excess is not told apart from zero ({over_seeds_text(excess)}): attributes "
        "that tell nothing of the total give no reason to expect a difference from a single score, "
        "whatever the joint reward is worth where a judge couples the two."
    )
