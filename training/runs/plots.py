"""The curves of a run: a self-contained HTML page, and a picture for the run's page in the UI."""

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Rows = Sequence[Mapping[str, Any]]
Points = dict[str, tuple[np.ndarray, np.ndarray]]
COLORS = ("#2f6f9f", "#c8553d", "#588157", "#8e6c8a", "#b08900")
TEMPLATE = Path(__file__).with_name("run_page.html.jinja")
_HEALTH = "health/"
VALIDATION = "validation/"
"""Names of figures of held-out rows that are taken while training begin with this."""


@dataclass(frozen=True)
class Panel:
    """One small plot: metrics that share an axis."""

    title: str
    names: tuple[str, ...]
    log: bool = False
    smooth: bool = True


GROUPS: dict[str, tuple[Panel, ...]] = {
    "Validation": (
        Panel(
            "SRCC and PLCC of the total",
            ("validation/srcc_total", "validation/plcc_total"),
            smooth=False,
        ),
        Panel(
            "accuracy",
            (
                "validation/accuracy",
                "validation/accuracy_composition",
                "validation/accuracy_perspective",
                "validation/accuracy_aesthetic",
            ),
            smooth=False,
        ),
        Panel(
            "shares in form, and cut off",
            ("validation/parse_rate", "validation/cut_off"),
            smooth=False,
        ),
    ),
    "Reward": (
        Panel("reward", ("reward",)),
        Panel(
            "reward by kind",
            ("rewards/preference/mean", "rewards/accuracy/mean", "rewards/format/mean"),
        ),
        Panel("parts of the joint reward", ("reward_conditional", "reward_thurstone")),
        Panel("spread of the reward within photos", ("reward_std",)),
        Panel("share of photos with equal rewards", ("frac_reward_zero_std",)),
    ),
    "Answers": (
        Panel("share in the agreed form", ("parse_rate",)),
        Panel("length, tokens", ("completions/mean_length", "completions/max_length")),
        Panel("share cut off by the limit", ("completions/clipped_ratio",)),
        Panel("accuracy of tokens", ("mean_token_accuracy",)),
    ),
    "Learning": (
        Panel("loss", ("loss",)),
        Panel("KL from the SFT judge", ("kl",)),
        Panel("entropy", ("entropy",)),
        Panel("norm of the gradient", ("grad_norm",), log=True),
        Panel("learning rate", ("learning_rate",), smooth=False),
        Panel("share of clipped ratios", ("clip_ratio/region_mean",)),
        Panel(
            "importance weights: mean, largest",
            (
                "sampling/importance_sampling_ratio/mean",
                "sampling/importance_sampling_ratio/max",
            ),
        ),
    ),
    "Health of the reward": (
        Panel("parsed, zero spread", ("health/parsed", "health/zero_spread_groups")),
        Panel(
            "spread within photos",
            ("health/score_spread", "health/attribute_spread", "health/reward_spread"),
        ),
        Panel("effective rank of Sigma_AA", ("health/effective_rank",)),
        Panel("condition of Sigma_AA", ("health/condition",), log=True),
        Panel("saturated win rates", ("health/saturated_win_rates",)),
        Panel("skew and excess kurtosis of totals", ("health/skew", "health/excess_kurtosis")),
        Panel("coupling R2, and by chance", ("health/coupling_r2", "health/coupling_r2_by_chance")),
        Panel(
            "order of photos: SRCC with MOS",
            ("health/score_mos_srcc", "health/attribute_mos_srcc", "health/reward_mos_srcc"),
        ),
        Panel("halo: correlation between attributes", ("health/attribute_correlation",)),
    ),
}
PICTURED = ("Validation", "Reward", "Answers", "Learning")
"""The groups that the picture shows; the page shows all."""
LABELS = {
    "validation/srcc_total": "SRCC",
    "validation/plcc_total": "PLCC",
    "validation/parse_rate": "in form",
    "rewards/preference/mean": "preference",
    "rewards/accuracy/mean": "accuracy",
    "rewards/format/mean": "format",
    "reward_conditional": "conditional",
    "reward_thurstone": "thurstone",
    "completions/mean_length": "length",
    "completions/max_length": "longest",
    "frac_reward_zero_std": "equal rewards",
    "parse_rate": "in form",
    "clip_ratio/region_mean": "clipped",
    "sampling/importance_sampling_ratio/mean": "mean",
    "sampling/importance_sampling_ratio/max": "largest",
    "mean_token_accuracy": "token accuracy",
    "grad_norm": "gradient",
    "learning_rate": "learning rate",
}
COLUMNS = (
    "loss",
    "reward",
    "rewards/preference/mean",
    "rewards/accuracy/mean",
    "rewards/format/mean",
    "reward_conditional",
    "reward_thurstone",
    "kl",
    "entropy",
    "completions/mean_length",
    "parse_rate",
    "frac_reward_zero_std",
    "mean_token_accuracy",
    "grad_norm",
    "learning_rate",
)
"""The metrics in a log line and in a row of the table of steps."""


def label(name: str) -> str:
    """A metric's name in pages and cards."""
    plain = name.removeprefix(_HEALTH).removeprefix(VALIDATION)
    return LABELS.get(name, plain.replace("_", " "))


def write_page(rows: Rows, title: str, about: Mapping[str, Any] | None = None) -> str:
    """The page: held-out figures before and after, then all curves by group, then the config.

    Args:
        rows: of the metrics table (training.runs.metrics_log), of one run.
        about: facts about the run, shown as a table.
    """
    from jinja2 import Environment

    points = _points(rows)
    template = Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        title=title,
        steps=max((int(x[-1]) for x, _ in points.values()), default=0),
        held_out=held_out(rows),
        groups=[(name, _drawn(panels, points)) for name, panels in _grouped(points).items()],
        about=about or {},
    )


def held_out(rows: Rows) -> list[tuple[str, float | None, float | None]]:
    """(figure, before, after) of the held-out evaluation."""
    newest = {row["name"]: row["value"] for row in rows}
    kinds = ("before_", "after_")
    names = sorted({n.removeprefix(k) for n in newest for k in kinds if n.startswith(k)})
    return [(n, newest.get(f"before_{n}"), newest.get(f"after_{n}")) for n in names]


def picture(rows: Rows, columns: int = 3) -> bytes:
    """A PNG of the most telling curves that the rows have."""
    points = _points(rows)
    groups = _grouped(points)
    panels = [panel for name in PICTURED for panel in groups.get(name, ())]
    lines = max(1, -(-len(panels) // columns))
    figure, axes = _figure(lines, columns)
    for number, axis in enumerate(axes.flat):
        if number < len(panels):
            _draw(axis, panels[number], points)
            axis.set_title(panels[number].title, fontsize=9, loc="left")
        else:
            axis.axis("off")
    return _saved(figure, "png")


def _points(rows: Rows) -> Points:
    """Metric -> steps and values; those with one step only are no curve."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows:
        found[row["name"]][row["step"]] = row["value"]
    return {
        name: (np.array(sorted(values)), np.array([values[step] for step in sorted(values)]))
        for name, values in found.items()
        if len(values) > 1
    }


def _grouped(points: Points) -> dict[str, list[Panel]]:
    """The panels that have something to show; metrics without a panel come last, one panel each."""
    named = {name for panels in GROUPS.values() for panel in panels for name in panel.names}
    named |= {"epoch", "num_tokens"}  # straight lines
    groups = {
        group: [panel for panel in panels if any(name in points for name in panel.names)]
        for group, panels in GROUPS.items()
    }
    rest = [Panel(label(name), (name,)) for name in sorted(points) if name not in named]
    return {group: panels for group, panels in {**groups, "More": rest}.items() if panels}


def _drawn(panels: Sequence[Panel], points: Points) -> list[tuple[str, str]]:
    """(title, SVG) of each panel."""
    from markupsafe import Markup

    drawn: list[tuple[str, str]] = []
    for panel in panels:
        figure, axes = _figure(1, 1)
        _draw(axes[0, 0], panel, points)
        svg = _saved(figure, "svg").decode()
        drawn.append((panel.title, Markup(svg[svg.index("<svg") :])))
    return drawn


def _figure(lines: int, columns: int) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Without pyplot, which keeps every figure and is not for threads; with margins in inches,
    # because a layout that fits itself to its texts draws everything twice.
    width, height = 3.6 * columns, 2.3 * lines
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    figure.subplots_adjust(
        left=0.45 / width,
        right=1 - 0.1 / width,
        bottom=0.25 / height,
        top=1 - 0.28 / height,
        wspace=0.2,
        hspace=0.32,
    )
    return figure, figure.subplots(lines, columns, squeeze=False)


def _draw(axis: Any, panel: Panel, points: Points) -> None:
    """Each metric as a pale line, and its smoothed course above it."""
    shown = [name for name in panel.names if name in points]
    for name, color in zip(shown, COLORS, strict=False):
        steps, values = points[name]
        strong = smoothed(values) if panel.smooth else values
        axis.plot(steps, values, color=color, alpha=0.35, linewidth=0.8)
        axis.plot(steps, strong, color=color, linewidth=1.6, label=label(name))
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axis.tick_params(which="both", labelsize=7, length=2, color="#999999")
    axis.locator_params(nbins=4)  # ticks are most of the work of drawing
    if panel.log and all((points[name][1] > 0).all() for name in shown):
        axis.set_yscale("log")
    if len(shown) > 1:
        axis.legend(fontsize=7, frameon=False)


def smoothed(values: np.ndarray, share: float = 0.08) -> np.ndarray:
    """Mean over a window around each step, `share` of the run wide; the ends have half of it."""
    half = round(len(values) * share / 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    mean: np.ndarray = (sums[high] - sums[low]) / (high - low)
    return mean


def _saved(figure: Any, kind: str) -> bytes:
    from matplotlib import rc_context

    out = io.BytesIO()
    with rc_context({"svg.fonttype": "none"}):  # text as text: half the time, and it can be found
        figure.savefig(out, format=kind, dpi=100)
    return out.getvalue()
