"""Pictures of a reproduction as PNG: the ablation, learning curves, health of the reward."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from joppo.training.evaluation.figure_panels import COLORS, as_png, panels
from joppo.training.evaluation.over_seeds import BySeed, FigureName
from joppo.training.reproduction.figures_of_interest import (
    ATTRIBUTES,
    COMPOSITION,
    HALO,
    TO_TOTAL,
    TOTAL,
    MeasuredFigures,
)
from joppo.training.reproduction.tables import Summaries

Curves = Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]]
"""variant -> seed -> rows of `training_metrics` of the run that made its judge"""
DRAWN = (COMPOSITION, TOTAL, ATTRIBUTES, TO_TOTAL, HALO)
LEARNING = {
    "rewards/preference/mean": "preference reward",
    "kl": "KL from the start",
    "parse_rate": "answers in form",
    "completions/mean_length": "length, tokens",
    "entropy": "entropy",
    "loss": "loss",
}
HEALTH = {
    "health/score_spread": "spread of totals within photos",
    "health/attribute_spread": "spread of attributes within photos",
    "health/zero_spread_groups": "photos with equal rewards",
    "health/coupling_r2": "R² of total on attributes",
    "health/attribute_correlation": "correlation between attributes",
    "health/effective_rank": "effective rank of Σ_AA",
}


def colors(variants: Sequence[str]) -> dict[str, str]:
    """variant -> its color, the same in every picture."""
    return dict(zip(variants, cycle(COLORS), strict=False))


def ablation(
    summaries: Summaries,
    variants: Mapping[str, BySeed],
    measured: MeasuredFigures,
    palette: Mapping[str, str],
) -> bytes | None:
    """Mean and interval of the main figures, variant by variant, with a dot for every seed."""
    drawn = {one.title: name for one in DRAWN if (name := measured.on_first_set(one))}
    if not drawn:
        return None
    rows = {variant: -row for row, variant in enumerate(summaries.variants)}
    figure, axes = panels(len(drawn), len(drawn), (2.5, 0.34 * len(rows) + 0.9), sharey=True)
    for axis, (title, name) in zip(axes, drawn.items(), strict=True):
        for variant, row in rows.items():
            _draw(
                axis,
                row,
                summaries,
                variant,
                _values(variants[variant], name),
                name,
                palette[variant],
            )
        axis.set_title(title, fontsize=9)
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
        axis.tick_params(labelsize=8)
        axis.set_yticks(list(rows.values()), list(rows), fontsize=9)
        axis.margins(y=0.12)
    return as_png(figure)


def _draw(
    axis: Any,
    row: int,
    summaries: Summaries,
    variant: str,
    values: Sequence[float],
    name: FigureName,
    color: str,
) -> None:
    over = summaries.get(variant, name)
    if over is None:
        return
    axis.plot(values, [row - 0.25] * len(values), "o", color=color, alpha=0.5, markersize=3.5)
    if not math.isnan(over.low):
        axis.plot([over.low, over.high], [row, row], color=color, linewidth=2)
    axis.plot(over.value, row, "D", color=color, markersize=6)


def curves(runs: Curves, titles: Mapping[str, str], palette: Mapping[str, str]) -> bytes | None:
    """A panel per metric: each variant's mean over seeds, and its single seeds in a light shade.

    Args:
        titles: metric -> title of its panel; a metric that no run has logged has none.
    """
    from matplotlib.ticker import MaxNLocator

    shown = {name: title for name, title in titles.items() if _known(runs, name)}
    if not shown:
        return None
    figure, axes = panels(len(shown), 3, (3.9, 2.6))
    for axis, (name, title) in zip(axes, shown.items(), strict=True):
        for variant, by_seed in runs.items():
            lines = [line for rows in by_seed.values() if (line := by_step(rows, name))]
            for line in lines:
                axis.plot(
                    list(line),
                    list(line.values()),
                    color=palette[variant],
                    alpha=0.25,
                    linewidth=0.8,
                )
            steps = sorted(set().union(*lines))
            means = [np.mean([line[step] for line in lines if step in line]) for step in steps]
            axis.plot(steps, means, color=palette[variant], linewidth=1.6)
        axis.set_title(title, fontsize=9)
        axis.grid(color="#eeeeee", linewidth=0.6)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axis.tick_params(labelsize=8)
    handles = [axes[0].plot([], [], color=palette[variant])[0] for variant in runs]
    figure.legend(handles, list(runs), loc="lower center", ncols=6, fontsize=8, frameon=False)
    return as_png(figure, bottom=0.06)


def _known(runs: Curves, name: str) -> bool:
    return any(
        row["name"] == name
        for by_seed in runs.values()
        for rows in by_seed.values()
        for row in rows
    )


def by_step(rows: Sequence[Mapping[str, Any]], name: str) -> dict[int, float]:
    """step -> value of one metric of a run."""
    return {row["step"]: row["value"] for row in rows if row["name"] == name}


def _values(by_seed: BySeed, figure: FigureName) -> list[float]:
    return [
        float(row["value"])
        for rows in by_seed.values()
        for row in rows
        if row["versus"] is None and row["value"] is not None and FigureName.of_row(row) == figure
    ]
