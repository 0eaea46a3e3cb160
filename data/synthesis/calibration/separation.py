"""How well a score tells matched from shuffled pairs: AUC, ROC and the threshold that follows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Separation:
    """Scores of pairs that belong together (`own`) and that do not (`shuffled`)."""

    name: str
    own: np.ndarray
    shuffled: np.ndarray

    @property
    def auc(self) -> float:
        """Chance that an own pair scores above a shuffled one; ties count half."""
        from scipy.stats import mannwhitneyu

        pairs = len(self.own) * len(self.shuffled)
        return float(mannwhitneyu(self.own, self.shuffled).statistic) / pairs

    @property
    def ratio(self) -> float:
        """Mean own score over mean shuffled score."""
        return float(self.own.mean() / max(self.shuffled.mean(), 1e-9))

    def threshold(self, stopped: float = 0.95) -> float:
        """Least threshold (pass at or above it) that stops this share of shuffled pairs.

        Rounded up to two decimals, as it is written into a config.
        """
        ranked = np.sort(self.shuffled)
        must_stop = int(np.ceil(stopped * len(ranked)))
        return float(np.floor(ranked[must_stop - 1] * 100 + 1) / 100)

    def kept(self, threshold: float) -> float:
        """Share of own pairs at or above a threshold."""
        return float((self.own >= threshold).mean())

    def stopped(self, threshold: float) -> float:
        """Share of shuffled pairs below a threshold."""
        return float((self.shuffled < threshold).mean())

    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """(share of shuffled passed, share of own passed) for thresholds from high to low."""
        levels = np.unique(np.concatenate([self.own, self.shuffled]))[::-1]
        passed_shuffled = [float((self.shuffled >= level).mean()) for level in levels]
        passed_own = [float((self.own >= level).mean()) for level in levels]
        return np.array([0.0, *passed_shuffled]), np.array([0.0, *passed_own])

    def row(self) -> dict[str, float | str]:
        """Figures for a report."""
        least = self.threshold()
        return {
            "name": self.name,
            "pairs": len(self.own),
            "own": float(self.own.mean()),
            "shuffled": float(self.shuffled.mean()),
            "ratio": self.ratio,
            "auc": self.auc,
            "threshold": least,
            "kept": self.kept(least),
        }


def plot_roc(separations: Sequence[Separation], path: str) -> None:
    """Score histograms and ROC curves of all separations as one PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, len(separations) + 1, figsize=(3.2 * (len(separations) + 1), 3)
    )
    for axis, s in zip(axes, separations, strict=False):
        bins = np.linspace(min(0.0, s.shuffled.min()), 1, 31)
        axis.hist(s.shuffled, bins, alpha=0.6, density=True, label="shuffled", color="tab:gray")
        axis.hist(s.own, bins, alpha=0.6, density=True, label="own", color="tab:blue")
        axis.axvline(s.threshold(), color="tab:red", linewidth=1)
        axis.set(title=s.name, xlabel="score", yticks=[])
        axes[-1].plot(*s.roc(), label=f"{s.name} {s.auc:.3f}")
    axes[0].legend(fontsize=8)
    axes[-1].set(title="ROC", xlabel="shuffled passed", ylabel="own passed")
    axes[-1].legend(fontsize=7, title="AUC", title_fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=100, metadata={"Software": None})
    pyplot.close(figure)
