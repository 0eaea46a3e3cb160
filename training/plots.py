"""The curves of a run on one self-contained HTML page."""

import html
import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_COLUMNS = 3


def write_page(rows: Sequence[dict[str, Any]], path: Path, title: str) -> Path:
    """Write a page with one curve per metric that has at least two steps.

    Args:
        rows: rows of the metrics table (training.metrics_log) of one run.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in rows:
        curves[row["name"]].append((row["step"], row["value"]))
    shown = sorted(name for name, points in curves.items() if len({x for x, _ in points}) > 1)
    lines = max(1, -(-len(shown) // _COLUMNS))
    figure, axes = pyplot.subplots(lines, _COLUMNS, figsize=(12, 2.4 * lines), squeeze=False)
    for place in range(lines * _COLUMNS):
        axis = axes.flat[place]
        if place < len(shown):
            axis.plot(*zip(*curves[shown[place]], strict=True), linewidth=1)
            axis.set_title(shown[place], fontsize=8)
            axis.tick_params(labelsize=7)
        else:
            axis.axis("off")
    figure.tight_layout()
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg")
    pyplot.close(figure)
    svg = drawn.getvalue()
    page = f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title>"
    path.write_text(
        f"{page}<h1>{html.escape(title)}</h1>{svg[svg.index('<svg') :]}", encoding="utf-8"
    )
    return path
