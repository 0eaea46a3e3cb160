"""Every two judges of one set against each other, on the questions that both were asked."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from joppo.training.evaluation.aligned import Aligned
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.figures import chosen
from joppo.training.evaluation.items import SCORE_TASKS
from joppo.training.evaluation.results import Figure
from joppo.training.metrics.bootstrap import Resamples
from joppo.training.metrics.missing import HANDLINGS, Handling, for_ranks
from joppo.training.metrics.paired import Difference, accuracy_difference, srcc_difference

Judged = Mapping[str, Mapping[str, Aligned]]


def differences(judges: Judged, config: FiguresConfig) -> Iterator[tuple[str, Figure]]:
    """(judge, figure) of each pair and task: the later judge minus the earlier one.

    Args:
        judges: name -> task -> answers, in the order of the config.
    """
    for earlier, later in combinations(judges, 2):
        for task in sorted(set(judges[earlier]) & set(judges[later])):
            one, other = judges[later][task], judges[earlier][task]
            for handling in HANDLINGS:
                metric = "srcc_difference" if task in SCORE_TASKS else "accuracy_difference"
                found = _difference(one, other, handling, config)
                yield later, _figure(metric, found, task, handling, earlier)


def _difference(
    one: Aligned, other: Aligned, handling: Handling, config: FiguresConfig
) -> Difference:
    # Both were asked the whole set, in its order.
    kept = chosen(one, handling) & chosen(other, handling)
    if one.task in SCORE_TASKS:
        kept &= np.isfinite(one.mos)
    photos = one.photos[kept]
    resamples = Resamples.of(photos, config.resamples, config.seed, config.level)
    if one.task not in SCORE_TASKS:
        return accuracy_difference(one.hits[kept], other.hits[kept], resamples)
    totals = [for_ranks(judged.total, handling)[0][kept] for judged in (one, other)]
    return srcc_difference(totals[0], totals[1], one.mos[kept], resamples)


def _figure(metric: str, found: Difference, task: str, handling: Handling, versus: str) -> Figure:
    figure = Figure(
        metric,
        found.value,
        found.n,
        handling=handling,
        low=found.low,
        high=found.high,
        p=found.p,
        task=task,
        versus=versus,
    )
    if np.isnan(found.value):
        return replace(figure, note="undefined")
    if np.isnan(found.low):
        return replace(figure, note="unstable_interval")
    return replace(figure, interval="bootstrap")
