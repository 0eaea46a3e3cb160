"""Counts of a reader's stream: what a person wants to know of a label file before a run."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from joppo.data.datasets.base import Label, Reject


@dataclass(slots=True)
class Summary:
    """Counts over labels and rejects.

    `multi_label` counts labels of several categories; `categories` counts category -> labels that
    name it, so a label of two categories counts twice; `mos_range` is on the dataset's own scale.
    """

    labels: int = 0
    multi_label: int = 0
    scored: int = 0
    mos_range: tuple[float, float] | None = None
    categories: Counter[int] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)


def summarize(results: Iterable[Label | Reject]) -> Summary:
    """Counts of the whole stream, in memory that does not grow with it."""
    summary = Summary()
    for result in results:
        if isinstance(result, Reject):
            summary.rejects[result.reason] += 1
        else:
            _add(summary, result)
    return summary


def _add(summary: Summary, label: Label) -> None:
    summary.labels += 1
    summary.multi_label += len(label.categories) > 1
    summary.categories.update(label.categories)
    summary.attributes.update(label.attributes.keys())
    summary.splits[label.split or "none"] += 1
    if label.mos_raw is not None:
        low, high = summary.mos_range or (label.mos_raw, label.mos_raw)
        summary.scored += 1
        summary.mos_range = (min(low, label.mos_raw), max(high, label.mos_raw))
