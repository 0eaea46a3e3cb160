"""Pictures of a reproduction as PNG: the ablation, learning curves, health of the reward."""

import io
import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from joppo.training.evaluation.over_seeds import BySeed, FigureName
from joppo.training.evaluation.plots import COLORS
from joppo.training.reproduction.figures_of_interest import (
    ATTRIBUTES,
    COMPOSITION,
    HALO,
    TO_TOTAL,
    TOTAL,
    Places,
)
from joppo.training.reproduction.tables import OverAll

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
    over: OverAll, variants: Mapping[str, BySeed], places: Places, shades: Mapping[str, str]
) -> bytes | None:
    """Mean and interval of the main figures, variant by variant, with a dot for every seed."""
    drawn = {one.title: name for one in DRAWN if (name := places.first(one))}
    if not drawn:
        return None
    rows = {variant: -row for row, variant in enumerate(over.variants)}
    figure, axes = _panels(len(drawn), len(drawn), 2.5, 0.34 * len(rows) + 0.9, share=True)
    for axis, (title, name) in zip(axes, drawn.items(), strict=True):
        for variant, row in rows.items():
            _draw(axis, row, over, variant, _values(variants[variant], name), name, shades[variant])
        axis.set_title(title, fontsize=9)
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
        axis.tick_params(labelsize=8)
        axis.set_yticks(list(rows.values()), list(rows), fontsize=9)
        axis.margins(y=0.12)
    return _png(figure)


def _draw(
    axis: Any,
    row: int,
    over: OverAll,
    variant: str,
    values: Sequence[float],
    name: FigureName,
    color: str,
) -> None:
    found = over.get(variant, name)
    if found is None:
        return
    axis.plot(values, [row - 0.25] * len(values), "o", color=color, alpha=0.5, markersize=3.5)
    if not math.isnan(found.low):
        axis.plot([found.low, found.high], [row, row], color=color, linewidth=2)
    axis.plot(found.value, row, "D", color=color, markersize=6)


def curves(runs: Curves, wanted: Mapping[str, str], shades: Mapping[str, str]) -> bytes | None:
    """A panel per metric: each variant's mean over seeds, and its seeds in a light shade."""
    from matplotlib.ticker import MaxNLocator

    shown = {name: title for name, title in wanted.items() if _known(runs, name)}
    if not shown:
        return None
    figure, axes = _panels(len(shown), 3, 3.9, 2.6)
    for axis, (name, title) in zip(axes, shown.items(), strict=True):
        for variant, by_seed in runs.items():
            lines = [line for rows in by_seed.values() if (line := by_step(rows, name))]
            for line in lines:
                axis.plot(
                    list(line),
                    list(line.values()),
                    color=shades[variant],
                    alpha=0.25,
                    linewidth=0.8,
                )
            steps = sorted(set().union(*lines))
            means = [np.mean([line[step] for line in lines if step in line]) for step in steps]
            axis.plot(steps, means, color=shades[variant], linewidth=1.6)
        axis.set_title(title, fontsize=9)
        axis.grid(color="#eeeeee", linewidth=0.6)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axis.tick_params(labelsize=8)
    handles = [axes[0].plot([], [], color=shades[variant])[0] for variant in runs]
    figure.legend(handles, list(runs), loc="lower center", ncols=6, fontsize=8, frameon=False)
    return _png(figure, bottom=0.06)


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


def _values(by_seed: BySeed, wanted: FigureName) -> list[float]:
    return [
        float(row["value"])
        for rows in by_seed.values()
        for row in rows
        if row["versus"] is None and row["value"] is not None and FigureName.of_row(row) == wanted
    ]


def _panels(
    count: int, columns: int, width: float, height: float, share: bool = False
) -> tuple[Any, list[Any]]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = -(-count // columns)
    figure, axes = pyplot.subplots(
        lines, columns, figsize=(width * columns, height * lines), squeeze=False, sharey=share
    )
    for axis in axes.flat[count:]:
        axis.axis("off")
    return figure, list(axes.flat[:count])


def _png(figure: Any, bottom: float = 0.0) -> bytes:
    from matplotlib import pyplot

    figure.tight_layout(rect=(0, bottom, 1, 1))
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return out.getvalue()
