"""Pictures of an evaluation as PNG: scatter, calibration, radar, confusion."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from joppo.training.evaluation.aligned import Aligned
from joppo.training.evaluation.figure_panels import COLORS, as_png, panels
from joppo.training.evaluation.items import SCORE_TASKS, class_order
from joppo.training.evaluation.lookup import Figures
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.run import Answers, Measured
from joppo.training.metrics.classes import UNPARSED
from joppo.training.metrics.logistic import fit_logistic

BINS = 10
_MANY = 3000
_LARGEST_MATRIX = 40
_COLUMNS = 3
_FOOT = 0.32
"""height of the line below a picture, inches"""


def pictures(measured: Measured) -> dict[str, bytes]:
    """`<picture>-<set>` -> PNG. A picture without enough data is not there."""
    rows = measured.results.to_pylist()
    drawn: dict[str, bytes] = {}
    for one in measured.sets:
        answers = measured.answers[one.name]
        figures = Figures([row for row in rows if row["set"] == one.name])
        foot = _foot(measured, one.name, figures.rows)
        scores = {
            label: tasks[task]
            for label, tasks in answers.items()
            for task in SCORE_TASKS
            if task in tasks and _points(tasks[task])[0].size > 1
        }
        if scores:
            drawn[f"scatter-{one.name}"] = _scatter(scores, figures, foot)
            drawn[f"calibration-{one.name}"] = _calibration(scores, foot)
        if radar := _radar(figures, scores, foot):
            drawn[f"radar-{one.name}"] = radar
        drawn |= _confusions(one.name, answers, foot)
    return drawn


def _foot(measured: Measured, name: str, rows: Sequence[Row]) -> str:
    """The line below a picture: what it is of, and which versions."""
    one = next(one for one in measured.sets if one.name == name)
    version = f"snapshot {one.snapshot}" if one.snapshot else one.source
    with_seed = next((row for row in rows if row["seed"] is not None), None)
    seed = f", seed {with_seed['seed']}, {with_seed['level']:.0%} intervals" if with_seed else ""
    judges = ", ".join(f"{judge.label} = {judge.name}" for judge in measured.judges)
    return f"set {name} ({version}, {one.digest}){seed}\n{judges}"


def _points(aligned: Aligned) -> tuple[np.ndarray, np.ndarray]:
    """Totals and human scores of the answers that came."""
    known = np.isfinite(aligned.total) & np.isfinite(aligned.mos)
    return aligned.total[known], aligned.mos[known]


def _grid(count: int, width: float = 4.0, height: float = 4.0) -> tuple[Any, list[Any]]:
    return panels(count, min(count, _COLUMNS), (width, height), extra_height=0.6)


def _finished(figure: Any, foot: str, bottom: float = 0.0) -> bytes:
    """PNG with the foot; `bottom` inches are kept free above it."""
    figure.text(0.01, 0.005, foot, fontsize=6, color="#555555", va="bottom", wrap=True)
    return as_png(figure, (_FOOT + bottom) / figure.get_size_inches()[1])


def _scatter(scores: Mapping[str, Aligned], figures: Figures, foot: str) -> bytes:
    figure, axes = _grid(len(scores))
    for color, axis, (label, aligned) in zip(COLORS * 9, axes, scores.items(), strict=False):
        totals, mos = _points(aligned)
        alpha = 0.6 if len(totals) < _MANY else max(0.03, 200 / len(totals))
        axis.scatter(totals, mos, s=12, alpha=alpha, color=color, linewidths=0, rasterized=True)
        fit = fit_logistic(totals, mos)
        if fit.parameters is not None:
            line = np.linspace(totals.min(), totals.max(), 200)
            axis.plot(line, fit(line), color="#333333", linewidth=1.2)
        found = {
            metric: figures.get(label, metric, task=aligned.task, handling="excluded")
            for metric in ("srcc", "plcc")
        }
        values = ", ".join(
            f"{metric.upper()} {row['value']:.3f}"
            if row and row["value"] is not None
            else f"{metric.upper()} —"
            for metric, row in found.items()
        )
        axis.set_title(
            f"{label}\n{values}\nn = {len(totals)}, {aligned.unparsed} unparsed", fontsize=8
        )
        axis.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="total", ylabel="human score")
        axis.set_aspect("equal")
    return _finished(figure, foot)


def _calibration(scores: Mapping[str, Aligned], foot: str) -> bytes:
    """Mean human score of photos with alike totals, with the standard error's 95% bar."""
    figure, (axis,) = _grid(1, 6.0, 5.0)
    axis.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=":")
    for color, (label, aligned) in zip(COLORS * 9, scores.items(), strict=False):
        totals, mos = _points(aligned)
        x, y, half = calibration_bins(totals, mos)
        axis.errorbar(
            x,
            y,
            yerr=half,
            color=color,
            marker="o",
            markersize=4,
            linewidth=1.2,
            capsize=2,
            label=f"{label} (n = {len(totals)}, {aligned.unparsed} unparsed)",
        )
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="mean total", ylabel="mean human score")
    axis.legend(fontsize=7, loc="upper left")
    axis.set_title("calibration: photos in ten groups of like totals", fontsize=9)
    return _finished(figure, foot)


def calibration_bins(
    totals: np.ndarray, mos: np.ndarray, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean total, mean human score and 1.96 standard errors of groups of equal size.

    Photos with the same total are never in two groups, so there may be fewer groups than `bins`.
    """
    edges = np.unique(np.quantile(totals, np.linspace(0, 1, bins + 1)))
    group = np.clip(np.searchsorted(edges, totals, side="right") - 1, 0, max(len(edges) - 2, 0))
    found = []
    for one in np.unique(group):
        scores = mos[group == one]
        error = scores.std(ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else 0.0
        found.append((totals[group == one].mean(), scores.mean(), 1.96 * error))
    x, y, half = np.array(found).T
    return x, y, half


def _radar(figures: Figures, scores: Mapping[str, Aligned], foot: str) -> bytes | None:
    """SRCC and PLCC of each attribute and of the total, as in the paper's figure on PARA."""
    attributes = figures.distinct("of", "srcc_attribute")
    if len(attributes) < 2:
        return None
    names = [*attributes, "overall"]
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    figure, axes = panels(2, 2, (4.75, 5.6), subplot_kw={"projection": "polar"})
    for axis, kind in zip(axes, ("srcc", "plcc"), strict=True):
        lowest = 0.0
        for color, (label, aligned) in zip(COLORS * 9, scores.items(), strict=False):
            values = [_radar_value(figures, label, aligned.task, kind, name) for name in names]
            lowest = min([lowest, *(v for v in values if np.isfinite(v))])
            closed = np.array([*values, values[0]])
            legend = f"{label} (n = {len(_points(aligned)[0])}, {aligned.unparsed} unparsed)"
            line = {"color": color, "linewidth": 1.5, "marker": "o", "markersize": 3}
            axis.plot([*angles, angles[0]], closed, label=legend, **line)
            axis.fill([*angles, angles[0]], np.nan_to_num(closed), color=color, alpha=0.12)
        axis.set_ylim(np.floor(lowest * 5) / 5, 1)
        axis.set_theta_offset(np.pi / 2)
        axis.set_theta_direction(-1)
        axis.set_xticks(angles, [name.replace("_", " ") for name in names], fontsize=8)
        axis.tick_params(axis="x", pad=10)
        axis.tick_params(axis="y", labelsize=6)
        axis.set_title(kind.upper(), fontsize=10, loc="left")
    handles, labels = axes[0].get_legend_handles_labels()
    corner = (0.5, _FOOT / figure.get_size_inches()[1])
    figure.legend(handles, labels, fontsize=7, loc="lower center", bbox_to_anchor=corner, ncols=3)
    return _finished(figure, foot, bottom=0.3 * -(-len(labels) // 3))


def _radar_value(figures: Figures, label: str, task: str, kind: str, name: str) -> float:
    if name == "overall":
        row = figures.get(label, kind, task=task, handling="excluded")
    else:
        row = figures.get(label, f"{kind}_attribute", task=task, of=name, handling="excluded")
    return float("nan") if row is None or row["value"] is None else float(row["value"])


def _confusions(name: str, answers: Mapping[str, Answers], foot: str) -> dict[str, bytes]:
    tasks = sorted({task for tasks in answers.values() for task, a in tasks.items() if a.right})
    drawn = {}
    for task in tasks:
        judged = {label: own[task] for label, own in answers.items() if task in own}
        answered = {c for a in judged.values() for c in [*a.right, *a.given] if c}
        classes = sorted(answered, key=class_order)
        if 1 < len(classes) <= _LARGEST_MATRIX:
            drawn[f"confusion-{name}-{task}"] = _confusion(judged, classes, foot)
    return drawn


def _confusion(judged: Mapping[str, Aligned], classes: Sequence[str], foot: str) -> bytes:
    """Rows are classes of the truth, each adding up to 1; the last column is failed answers."""
    side = max(3.5, 0.22 * len(classes) + 1.5)
    figure, axes = _grid(len(judged), side, side)
    columns = [*classes, UNPARSED]
    column = {name: number for number, name in enumerate(columns)}
    for axis, (label, aligned) in zip(axes, judged.items(), strict=True):
        matrix = np.zeros((len(classes), len(columns)))
        pairs = zip(aligned.right, aligned.given, aligned.judged, strict=True)
        for right, given, opened in pairs:
            if opened:
                matrix[column[right], column[given or UNPARSED]] += 1
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axis.set_xticks(range(len(columns)), columns, rotation=90, fontsize=6)
        axis.set_yticks(range(len(classes)), classes, fontsize=6)
        axis.set(xlabel="answered", ylabel="truth")
        right_share = aligned.hits[aligned.judged].mean() if aligned.judged.any() else np.nan
        axis.set_title(
            f"{label}\naccuracy {right_share:.3f}, n = {int(aligned.judged.sum())}, "
            f"{aligned.unparsed} unparsed",
            fontsize=8,
        )
    return _finished(figure, foot)
