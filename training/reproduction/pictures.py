"""Pictures of a reproduction as PNG: the ablation, learning curves, health of the reward."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.evaluation.over_seeds import BySeed, FigureName
from training.evaluation.plots import COLORS
from training.reproduction.tables import OverAll

Curves = Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]]
"""variant -> seed -> rows of `training_metrics` of the run that made its judge"""
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
    "health/halo": "correlation between attributes",
    "health/effective_rank": "effective rank of Σ_AA",
}


def ablation(over: OverAll, variants: Mapping[str, BySeed], name: str) -> bytes:
    """Mean and interval of the main figures, variant by variant, with a dot for every seed."""
    figures = {
        "composition accuracy": FigureName(name, "composition", "accuracy", "", "worst"),
        "SRCC of the total": FigureName(name, "score", "srcc", "", "worst"),
        "attribute SRCC with the truth": FigureName(
            name, "score", "srcc_attribute", "", "excluded"
        ),
        "attribute to total": FigureName(name, "score", "attribute_to_total", "", "excluded"),
        "halo in excess": FigureName(name, "score", "halo_excess", "", "excluded"),
    }
    places = {variant: -row for row, variant in enumerate(over.variants)}
    figure, axes = _panels(len(figures), len(figures), 2.5, 0.42 * len(places) + 1.1, share=True)
    for axis, (title, wanted) in zip(axes, figures.items(), strict=True):
        for color, (variant, place) in zip(COLORS * 9, places.items(), strict=False):
            found = over.get(variant, wanted)
            if found is None:
                continue
            dots = _values(variants[variant], wanted)
            axis.plot(dots, [place] * len(dots), "o", color=color, alpha=0.35, markersize=4)
            if not math.isnan(found.low):
                axis.plot([found.low, found.high], [place, place], color=color, linewidth=2)
            axis.plot(found.value, place, "D", color=color, markersize=7)
        axis.set_title(title, fontsize=9)
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
        axis.set_yticks(list(places.values()), list(places), fontsize=9)
        axis.margins(y=0.12)
    return _png(figure)


def curves(runs: Curves, wanted: Mapping[str, str]) -> bytes | None:
    """A panel per metric: each variant's mean over seeds, and its seeds in a light shade."""
    shown = {name: title for name, title in wanted.items() if _known(runs, name)}
    if not shown:
        return None
    figure, axes = _panels(len(shown), 3, 3.9, 2.6)
    for axis, (name, title) in zip(axes, shown.items(), strict=True):
        for color, (variant, by_seed) in zip(COLORS * 9, runs.items(), strict=False):
            lines = [line for rows in by_seed.values() if (line := _line(rows, name))]
            for line in lines:
                axis.plot(list(line), list(line.values()), color=color, alpha=0.25, linewidth=0.8)
            steps = sorted(set().union(*lines)) if lines else []
            means = [np.mean([line[step] for line in lines if step in line]) for step in steps]
            axis.plot(steps, means, color=color, linewidth=1.6, label=variant if lines else None)
        axis.set_title(title, fontsize=9)
        axis.grid(color="#eeeeee", linewidth=0.6)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=6, fontsize=8, frameon=False)
    return _png(figure, bottom=0.06)


def _known(runs: Curves, name: str) -> bool:
    return any(
        row["name"] == name for by_seed in runs.values() for rows in by_seed.values()
        for row in rows
    )  # fmt: skip


def _line(rows: Sequence[Mapping[str, Any]], name: str) -> dict[int, float]:
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
