"""The figures of `health` over the batches of a run, as one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

PANELS = {
    "parsing and spread": ("parsed", "zero_spread_groups", "score_spread", "reward_spread"),
    "covariance of attributes": ("effective_rank", "shrinkage"),
    "condition of Sigma_AA": ("condition",),
    "win rates": ("saturated_win_rates",),
    "normality of totals": ("skew", "excess_kurtosis", "normality_p"),
    "coupling of total and attributes": ("coupling_r2", "coupling_r2_by_chance"),
    "order of photos": ("score_mos_srcc", "reward_mos_srcc", "attribute_mos_srcc"),
    "halo": ("attribute_correlation",),
}


def plot_health(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw the figures of successive batches, one small panel per question, into `path`."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    if not history:
        raise ValueError("no figures to draw: health() has not been called yet")
    figure, axes = plt.subplots(2, 4, figsize=(13, 5.5), constrained_layout=True)
    for axis, (title, names) in zip(axes.flat, PANELS.items(), strict=True):
        for name in names:
            axis.plot([figures.get(name, float("nan")) for figures in history], ".-", label=name)
        axis.set_title(title, fontsize=9)
        axis.legend(fontsize=7, frameon=False)
        if title.startswith("condition"):
            axis.set_yscale("log")
    figure.supxlabel("batch", fontsize=9)
    figure.savefig(path)
    plt.close(figure)
