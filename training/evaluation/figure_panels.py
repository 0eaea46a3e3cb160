"""What the pictures of reports share: colors, a grid of panels, PNG without a date."""

import io
from typing import Any

# Okabe and Ito's colors, which most color-blind people can distinguish; dark ones first.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def panels(
    count: int, columns: int, size: tuple[float, float], extra_height: float = 0.0, **options: Any
) -> tuple[Any, list[Any]]:
    """A figure and the axes of `count` panels, row by row; what is left of the last row is empty.

    Args:
        columns: most panels of a row.
        size: width and height of a panel in inches.
        extra_height: inches that the figure is higher than its rows.
        options: of `matplotlib.pyplot.subplots`.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = -(-count // columns)
    figsize = (size[0] * columns, size[1] * rows + extra_height)
    figure, axes = pyplot.subplots(rows, columns, figsize=figsize, squeeze=False, **options)
    for axis in axes.flat[count:]:
        axis.axis("off")
    return figure, list(axes.flat[:count])


def as_png(figure: Any, bottom: float = 0.0) -> bytes:
    """The figure as PNG; equal figures give equal bytes. The figure is closed.

    Args:
        bottom: share of the figure's height that its panels leave free below.
    """
    from matplotlib import pyplot

    figure.tight_layout(rect=(0, bottom, 1, 1))
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return out.getvalue()
