"""Stored answers and truth -> figures. See docs/evaluation.md for what each one means."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from joppo.data.datasets.mmperspective import DATASET as MMPERSPECTIVE
from joppo.data.datasets.mmperspective import TASKS as MMP_GROUPS
from joppo.training.evaluation.aggregation_figures import aggregation_figures
from joppo.training.evaluation.aligned import Aligned
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL, SCORE_TASKS
from joppo.training.evaluation.predictions import REJECTED, UNPARSED
from joppo.training.evaluation.results import Figure
from joppo.training.evaluation.score_figures import score_figures
from joppo.training.metrics.bootstrap import Resamples, Statistic
from joppo.training.metrics.classes import (
    accuracy,
    all_right,
    class_accuracies,
    mean_of_classes,
)
from joppo.training.metrics.missing import HANDLINGS, Handling

MMP_TASKS = frozenset(task for tasks in MMP_GROUPS.values() for task in tasks)
Array = np.ndarray


def figures_of(
    tasks: Mapping[str, Aligned],
    source: str,
    config: FiguresConfig,
    validation: Aligned | None = None,
) -> list[Figure]:
    """All figures of one judge on one set, task by task, then those of the whole set.

    Args:
        validation: answers to other photos under attributes_to_total, to fit a regression on.
    """
    found: list[Figure] = []
    for name, aligned in tasks.items():
        scored = name in SCORE_TASKS
        own = list((score_figures if scored else _choice_figures)(aligned, config))
        if name == ATTRIBUTES_TO_TOTAL:
            own += aggregation_figures(aligned, validation, config)
        found += [_with_counts(one, aligned) for one in [*own, *_failures(aligned)]]
    if source == MMPERSPECTIVE:
        found += _mmp_figures(tasks, config)
    return found


def _with_counts(figure: Figure, aligned: Aligned) -> Figure:
    return replace(figure, task=aligned.task, unparsed=aligned.unparsed, rejected=aligned.rejected)


def _failures(aligned: Aligned) -> Iterator[Figure]:
    """Parse rate, and counts of failed answers and broken photos by reason."""
    n = int(aligned.judged.sum())
    yield Figure("parse_rate", 1 - aligned.unparsed / n if n else np.nan, n)
    for metric, status in (("unparsed_by_reason", UNPARSED), ("rejected_by_reason", REJECTED)):
        for reason, count in aligned.counts(status).items():
            yield Figure(metric, float(count), len(aligned), of=reason)


def chosen(aligned: Aligned, handling: Handling) -> Array:
    """Mask (n,) of the questions that count: those with a photo, with an answer unless `worst`."""
    mask = aligned.judged
    return mask & (aligned.status != UNPARSED) if handling == "excluded" else mask


def _choice_figures(aligned: Aligned, config: FiguresConfig) -> Iterator[Figure]:
    right = np.asarray(aligned.right)
    for handling in HANDLINGS:
        kept = chosen(aligned, handling)
        photos, hits = aligned.photos[kept], aligned.hits[kept]
        classes = right[kept].tolist() if len(right) else []
        for metric, statistic in (
            ("accuracy", accuracy(hits)),
            ("accuracy_macro", mean_of_classes(classes, hits)),
        ):
            yield shares(metric, statistic, photos, handling, config)
        for one in class_accuracies(classes, hits, config.level):
            yield Figure(
                "accuracy_class",
                one.value,
                one.n,
                one.name,
                handling,
                one.low,
                one.high,
                interval="wilson",
            )


def _mmp_figures(tasks: Mapping[str, Aligned], config: FiguresConfig) -> Iterator[Figure]:
    """Mean of the accuracies of the benchmark's nine tasks, and the robustness of its groups."""
    known = [aligned for name, aligned in tasks.items() if name in MMP_TASKS]
    note = None if len(known) == len(MMP_TASKS) else f"{len(known)} of {len(MMP_TASKS)} tasks"
    for handling in HANDLINGS:
        rows = [
            (task.task, task.photos[row], task.hits[row])
            for task in known
            for row in np.flatnonzero(chosen(task, handling)).tolist()
        ]
        if rows:
            names, photos, hits = zip(*rows, strict=True)
            mean = mean_of_classes(names, np.array(hits))
            yield replace(
                shares("mmp_overall", mean, np.array(photos), handling, config),
                note=note,
                unparsed=sum(task.unparsed for task in known),
                rejected=sum(task.rejected for task in known),
            )
    yield from _robustness(tasks, config)


def _robustness(tasks: Mapping[str, Aligned], config: FiguresConfig) -> Iterator[Figure]:
    """Share of groups all of whose questions were answered right; a failed answer is wrong."""
    rows = [
        (str(task.groups[row]), bool(task.hits[row]))
        for task in tasks.values()
        for row in np.flatnonzero(task.judged).tolist()
        if task.groups[row] is not None
    ]
    if rows:
        names, hits = all_right([name for name, _ in rows], np.array([hit for _, hit in rows]))
        yield shares("mmp_robustness", accuracy(hits), names, "worst", config)


def shares(
    metric: str, statistic: Statistic, photos: Array, handling: str | None, config: FiguresConfig
) -> Figure:
    """A share of hits with its bootstrap interval."""
    n = len(photos)
    if not n:
        return Figure(metric, np.nan, 0, handling=handling, note="no_questions")
    resamples = Resamples.of(photos, config.resamples, config.seed, config.level)
    value = float(statistic(np.ones((1, n)))[0, 0])
    low, high = resamples.interval(resamples.draws(statistic)[:, 0])
    return Figure(metric, value, n, handling=handling, low=low, high=high, interval="bootstrap")
