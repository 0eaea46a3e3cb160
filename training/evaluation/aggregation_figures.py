"""Figures of the protocol attributes-to-total: how a total comes from a judge's attributes.

The judge's own aggregation is its total (`srcc`, `plcc`: score_figures). Beside it stands the total
as a regression on its attributes, whose weights people's scores of other photos determine.
"""

from collections.abc import Iterator

import numpy as np

from joppo.training.evaluation.aligned import Aligned, Array
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.predictions import OK
from joppo.training.evaluation.results import Figure
from joppo.training.evaluation.score_figures import bootstrapped
from joppo.training.metrics.bootstrap import (
    Moments,
    RankCorrelation,
    Resamples,
    linear_correlation,
)
from joppo.training.metrics.correlation import plcc, srcc, undefined
from joppo.training.metrics.regression import LinearFit, fit_linear, least_photos

REGRESSIONS = ("srcc_regression", "plcc_regression")


def aggregation_figures(
    aligned: Aligned, validation: Aligned | None, config: FiguresConfig
) -> Iterator[Figure]:
    """How often the total came last, the weights of the regression, and its SRCC and PLCC.

    Args:
        validation: answers to photos that are not in `aligned`; None where the set has none.
    """
    answered = aligned.status == OK
    n = int(answered.sum())
    yield Figure("total_last", float(aligned.total_last[answered].mean()) if n else np.nan, n)
    rated = answered & np.isfinite(aligned.mos)
    if not aligned.names:
        return
    fit = None if validation is None else _fitted(validation, aligned.names)
    if fit is None:
        note = "no_validation_photos" if validation is None else "too_few_validation_photos"
        for metric in REGRESSIONS:
            yield Figure(metric, np.nan, int(rated.sum()), handling="excluded", note=note)
        return
    for name, weight in zip(aligned.names, fit.weights, strict=True):
        yield Figure("regression_weight", float(weight), fit.n, of=name, handling="excluded")
    yield from _regression(
        fit(aligned.attributes[rated]), aligned.mos[rated], aligned.photos[rated], config
    )


def _fitted(validation: Aligned, names: tuple[str, ...]) -> LinearFit | None:
    """The fit on the validation photos that were answered and rated; None of too few."""
    if set(names) - set(validation.names):
        return None
    rated = (validation.status == OK) & np.isfinite(validation.mos)
    columns = [validation.names.index(name) for name in names]
    if int(rated.sum()) < least_photos(len(names)):
        return None
    return fit_linear(validation.attributes[rated][:, columns], validation.mos[rated])


def _regression(
    totals: Array, mos: Array, photos: Array, config: FiguresConfig
) -> Iterator[Figure]:
    """Intervals are over the photos judged; the regression was fitted on others and stays."""
    n, reason = len(mos), undefined(totals, mos)
    if reason is not None:
        for metric in REGRESSIONS:
            yield Figure(metric, np.nan, n, handling="excluded", note=reason)
        return
    resamples = Resamples.of(photos, config.resamples, config.seed, config.level)
    columns = np.column_stack([totals, mos])
    rank, moments = RankCorrelation(columns, [(0, 1)]), Moments(columns)
    draws = resamples.draws(
        lambda counts: np.column_stack(
            [rank(counts)[:, 0], linear_correlation(moments(counts), 0, 1)]
        )
    )
    values = (srcc(totals, mos), plcc(totals, mos))
    for column, (metric, value) in enumerate(zip(REGRESSIONS, values, strict=True)):
        yield bootstrapped(metric, value, draws[:, column], n, resamples, "excluded")
