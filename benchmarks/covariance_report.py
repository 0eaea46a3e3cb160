"""Plots and Markdown tables of the covariance study."""

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
LABELS = {
    "total": "total SRCC",
    "attribute": "attribute SRCC",
    "attribute_to_total": "attribute-to-total SRCC",
    "halo": "excess inter-attribute correlation",
}
DRAWN = {
    "pooled, w = 0.5": ("#1f77b4", "o"),
    "pooled, w = 0.5, lambda 0.5": ("#74add1", "D"),
    "batch, w = 0.5": ("#d95f02", "s"),
    "image, w = 1": ("#7f7f7f", "^"),
}
MARKERS = {0.25: "^", 0.5: "o", 1.0: "s"}
COLOURS = {"image": "#7f7f7f", "pooled": "#1f77b4", "batch": "#d95f02"}


def read_rows(path: Path) -> list[Row]:
    """The study's rows from its CSV, numbers as numbers."""
    with path.open(newline="") as file:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(file)]


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def arm(row: Row) -> str:
    """What an arm is called, e.g. `pooled, w = 0.5, lambda 0.1`."""
    if row["weight"] == 0:
        return "Thurstone (w = 0)"
    name = f"{row['covariance']}, w = {row['weight']:g}"
    if row["shrinkage"] != 0:
        fixed = isinstance(row["shrinkage"], float)
        name += f", {'lambda ' * fixed}{row['shrinkage']}"
    if row["gamma"] != 1e-6:
        name += f", gamma {row['gamma']:g}"
    return name


def gain(row: Row, metric: str) -> str:
    return f"{row[f'{metric}_gain']:+.3f} ± {row[f'{metric}_half_width']:.3f}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *lines))


def grid_table(rows: list[Row]) -> str:
    """All arms of the base setting, best attribute SRCC first."""
    base = [row for row in rows if row["setting"] == "base"]
    base.sort(key=lambda row: -row["attribute"])
    lines = [
        [arm(row), f"{row['total']:.3f}", f"{row['attribute']:.3f}"]
        + [gain(row, metric) for metric in LABELS]
        for row in base
    ]
    return table(["arm", "total", "attribute", *(f"Δ {x}" for x in LABELS.values())], lines)


def setting_table(metric: str) -> Callable[[list[Row]], str]:
    """One metric's gain over Thurstone, setting by setting, for the finalists."""

    def build(rows: list[Row]) -> str:
        arms = [r for r in rows if r["setting"] == "B=8" and r["weight"] > 0]
        names = [arm(row) for row in arms]
        lines = []
        for name in dict.fromkeys(["base", *(row["setting"] for row in rows)]):
            found = {arm(row): row for row in rows if row["setting"] == name}
            level = f"{found['Thurstone (w = 0)'][metric]:.3f}"
            lines.append([name, level, *(gain(found[x], metric) for x in names)])
        return table(["setting", "Thurstone", *(f"Δ {name}" for name in names)], lines)

    return build


def choice_table(rows: list[Row]) -> str:
    """Finalists over all settings: mean gains, and the worst change with where it happens."""
    names = [arm(row) for row in rows if row["setting"] == "B=8" and row["weight"] > 0]
    lines = []
    for name in names:
        found = [row for row in rows if arm(row) == name]
        cells = [name]
        for metric in ("attribute", "total", "halo"):
            cells.append(f"{sum(row[f'{metric}_gain'] for row in found) / len(found):+.3f}")
            if metric != "halo":
                worst = min(found, key=lambda row: row[f"{metric}_gain"])
                cells.append(f"{gain(worst, metric)} ({worst['setting']})")
        lines.append(cells)
    lines.sort(key=lambda cells: -float(cells[1]))
    head = ["arm", "Δ attribute SRCC", "worst", "Δ total SRCC", "worst", "Δ excess correlation"]
    return table(head, lines)


TABLES = {"grid": grid_table, "choice": choice_table} | {
    metric: setting_table(metric) for metric in LABELS
}


def refresh_tables(rows: list[Row], page: Path) -> None:
    """Put fresh tables between the page's `<!-- NAME -->` and `<!-- end -->` marks."""
    text = page.read_text()
    for name, build in TABLES.items():
        mark = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        if not re.search(mark, text, flags=re.DOTALL):
            raise ValueError(f"{page} has no place for the table {name!r}: add {mark}")
        fresh = build(rows)
        text = re.sub(mark, lambda m, t=fresh: f"{m[1]}\n{t}\n\n{m[2]}", text, flags=re.DOTALL)
    page.write_text(text)


def draw(rows: list[Row], folder: Path) -> None:
    """`covariance-grid.svg`: gain against cost; `covariance-settings.svg`: gains by setting."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    # Without these two the same figures give other bytes on every run.
    plt.rcParams |= {"svg.hashsalt": "joppo", "font.size": 8}
    for name, picture in (("grid", _draw_grid), ("settings", _draw_settings)):
        figure = picture(rows, plt)
        figure.savefig(folder / f"covariance-{name}.svg", metadata={"Date": None})
        plt.close(figure)


def _draw_grid(rows: list[Row], plt: Any) -> Any:
    base = [row for row in rows if row["setting"] == "base" and row["weight"] > 0]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True)
    for axis, other in zip(axes, ("total", "halo"), strict=True):
        for row in base:
            axis.errorbar(
                row[f"{other}_gain"],
                row["attribute_gain"],
                xerr=row[f"{other}_half_width"],
                yerr=row["attribute_half_width"],
                color=COLOURS[row["covariance"]],
                marker=MARKERS[row["weight"]],
                markersize=4,
                linewidth=0.6,
            )
        axis.axhline(0, color="black", linewidth=0.5)
        axis.axvline(0, color="black", linewidth=0.5)
        axis.set_xlabel(f"gain in {LABELS[other]}")
        axis.set_ylabel("gain in attribute SRCC")
    for covariance, colour in COLOURS.items():
        axes[0].plot([], [], "o", color=colour, label=covariance)
    for weight, marker in MARKERS.items():
        axes[0].plot([], [], f"k{marker}", markersize=4, label=f"w = {weight:g}")
    axes[0].legend(frameon=False)
    figure.suptitle("Difference to the Thurstone reward, base setting, 95% intervals")
    return figure


def _draw_settings(rows: list[Row], plt: Any) -> Any:
    names = list(dict.fromkeys(["base", *(row["setting"] for row in rows)]))
    figure, axes = plt.subplots(1, len(LABELS), figsize=(12, 4.5), constrained_layout=True)
    for axis, (metric, label) in zip(axes, LABELS.items(), strict=True):
        for shift, (name, (colour, marker)) in enumerate(DRAWN.items()):
            chosen = {row["setting"]: row for row in rows if arm(row) == name}
            axis.errorbar(
                [chosen[setting][f"{metric}_gain"] for setting in names],
                [position + 0.17 * (shift - 1.5) for position in range(len(names))],
                xerr=[chosen[setting][f"{metric}_half_width"] for setting in names],
                fmt=marker,
                markersize=3,
                linewidth=0.8,
                color=colour,
                label=name,
            )
        axis.axvline(0, color="black", linewidth=0.5)
        axis.set_yticks(range(len(names)), names if metric == "total" else [])
        axis.invert_yaxis()
        axis.set_title(f"gain in {label}", fontsize=8)
    axes[0].legend(frameon=False, fontsize=6)
    figure.suptitle("Difference to the Thurstone reward, 95% intervals")
    return figure
