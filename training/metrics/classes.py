"""Accuracy, overall and per class, and the confusion matrix of multiple choice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joppo.training.metrics.bootstrap import Array, Statistic, product

UNPARSED = "(unparsed)"


@dataclass(frozen=True, slots=True)
class ClassAccuracy:
    """Accuracy of one class in [0, 1] with its Wilson interval over n questions."""

    name: str
    value: float
    low: float
    high: float
    n: int


def class_accuracies(
    classes: Sequence[str], hits: Array, level: float = 0.95
) -> list[ClassAccuracy]:
    """Accuracy per class, by name.

    The interval is Wilson's: classes are small, and a bootstrap of three hits of three would say
    that nothing is uncertain.

    Args:
        classes: (n,) class of the right answer.
        hits: (n,) booleans.
    """
    from scipy.stats import binomtest

    names = np.asarray(classes)
    found = []
    for name in sorted(set(classes)):
        own = hits[names == name]
        test = binomtest(int(own.sum()), len(own))
        bounds = test.proportion_ci(confidence_level=level, method="wilson")
        found.append(ClassAccuracy(name, float(own.mean()), bounds.low, bounds.high, len(own)))
    return found


def accuracy(hits: Array) -> Statistic:
    """counts (b, n) -> share of hits (b, 1)."""
    values = hits.astype(float)[:, None]
    return lambda counts: product(counts, values) / counts.sum(axis=1, keepdims=True)


def mean_of_classes(classes: Sequence[str], hits: Array) -> Statistic:
    """counts (b, n) -> mean (b, 1) of the accuracies of the classes, each class counting alike.

    A class that a resample lacks is left out of that resample's mean. With tasks for classes this
    is the overall figure of MMPerspective.
    """
    _, index = np.unique(np.asarray(classes), return_inverse=True)
    member = np.eye(int(index.max()) + 1 if len(index) else 0)[index]
    right = member * hits.astype(float)[:, None]

    def statistic(counts: Array) -> Array:
        sizes, found = product(counts, member), product(counts, right)
        known = sizes > 0
        shares = np.where(known, found / np.where(known, sizes, 1.0), 0.0)
        return np.asarray(shares.sum(axis=1) / known.sum(axis=1))[:, None]

    return statistic


def all_right(groups: Sequence[str], hits: Array) -> tuple[Array, Array]:
    """(names, hits) per group: whether every question of the group was answered right."""
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    wrong = np.bincount(index, weights=~hits.astype(bool), minlength=len(names))
    return names, wrong == 0


def confusion(truth: Sequence[str], predicted: Sequence[str | None]) -> list[tuple[str, str, int]]:
    """(class of the truth, class that was answered, questions), without empty cells, by name.

    None among the answers counts as `(unparsed)`.
    """
    cells: dict[tuple[str, str], int] = {}
    for right, given in zip(truth, predicted, strict=True):
        key = (right, UNPARSED if given is None else given)
        cells[key] = cells.get(key, 0) + 1
    return [(right, given, count) for (right, given), count in sorted(cells.items())]
