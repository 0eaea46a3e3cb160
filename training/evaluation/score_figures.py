"""Figures of the score task: totals against people, and what the attributes are worth."""

from collections.abc import Iterator

import numpy as np

from joppo.training.evaluation.aligned import Aligned
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.predictions import OK
from joppo.training.evaluation.results import Figure
from joppo.training.metrics.attributes import AttributeColumns, AttributeFigures, AttributeLinear
from joppo.training.metrics.bootstrap import RankCorrelation, Resamples
from joppo.training.metrics.correlation import LEAST, plcc, srcc, undefined
from joppo.training.metrics.fitted import linear_and_fitted
from joppo.training.metrics.logistic import fit_logistic
from joppo.training.metrics.missing import HANDLINGS, Handling, for_ranks, for_values

Array = np.ndarray


def score_figures(aligned: Aligned, config: FiguresConfig) -> Iterator[Figure]:
    """SRCC and both PLCCs of the total in both handlings, then the attribute figures."""
    rated = aligned.judged & np.isfinite(aligned.mos)
    totals, mos, photos = aligned.total[rated], aligned.mos[rated], aligned.photos[rated]
    done: dict[bool, list[Figure]] = {}
    failed = bool(np.isnan(totals).any())
    for handling in HANDLINGS:
        # Without a failed answer both handlings are the same figures.
        if not failed and done:
            found = [_as(one, handling) for one in done[False]]
        else:
            found = list(_totals(totals, mos, photos, handling, config))
        done[failed] = found
        yield from found
    yield from _attributes(aligned, config)


def _as(figure: Figure, handling: Handling) -> Figure:
    return Figure(**{**vars(figure), "handling": handling})


def _totals(
    totals: Array, mos: Array, photos: Array, handling: Handling, config: FiguresConfig
) -> Iterator[Figure]:
    ranked, kept = for_ranks(totals, handling)
    valued, _ = for_values(totals, handling)
    ranked, valued, mos, photos = ranked[kept], valued[kept], mos[kept], photos[kept]
    n = len(mos)
    reason = undefined(valued, mos)
    if reason is not None:
        for metric in ("srcc", "plcc", "plcc_logistic"):
            yield Figure(metric, np.nan, n, handling=handling, note=reason)
        return
    resamples = Resamples.of(photos, config.resamples, config.seed, config.level)
    fit = fit_logistic(valued, mos)
    rank = RankCorrelation(np.column_stack([ranked, mos]), [(0, 1)])
    linear = linear_and_fitted(fit, valued, mos)
    draws = resamples.draws(lambda counts: np.hstack([rank(counts), linear(counts)]))
    fitted = np.nan if fit.parameters is None else plcc(fit(valued), mos)
    values = {"srcc": srcc(ranked, mos), "plcc": plcc(valued, mos), "plcc_logistic": fitted}
    for column, (metric, value) in enumerate(values.items()):
        note = fit.reason if metric == "plcc_logistic" else None
        yield bootstrapped(metric, value, draws[:, column], n, resamples, handling, note=note)


def _attributes(aligned: Aligned, config: FiguresConfig) -> Iterator[Figure]:
    """Of the photos with an answer; a failed one has no attributes that could rank."""
    answered = (aligned.status == OK) & np.isfinite(aligned.mos)
    if not aligned.names:
        return
    known = np.isfinite(aligned.truth[answered]).mean(axis=0) if answered.any() else np.zeros(0)
    shared = [column for column, share in enumerate(known) if share > 0]
    yield from _attribute_figures(aligned, answered, None, config)
    if shared:
        with_truth = answered & np.isfinite(aligned.truth[:, shared]).all(axis=1)
        yield from _attribute_figures(aligned, with_truth, shared, config)


def _attribute_figures(
    aligned: Aligned, rows: Array, shared: list[int] | None, config: FiguresConfig
) -> Iterator[Figure]:
    """Without `shared`: figures that need no truth; with it: those of the attributes that have one.

    The two are taken apart, because the photos with a known truth may be fewer.
    """
    own = list(range(len(aligned.names))) if shared is None else shared
    names = tuple(aligned.names[column] for column in own)
    columns = AttributeColumns(
        names,
        aligned.attributes[rows][:, own],
        aligned.total[rows],
        aligned.mos[rows],
        None if shared is None else aligned.truth[rows][:, own],
    )
    figures = AttributeFigures(columns)
    keys = [
        (column, key)
        for column, key in enumerate(figures.keys)
        if shared is None or key[0] not in _WITHOUT_TRUTH
    ]
    n = int(rows.sum())
    if n < LEAST:
        for _, (metric, name) in keys:
            yield Figure(metric, np.nan, n, of=name, handling="excluded", note="too_few")
        return
    resamples = Resamples.of(aligned.photos[rows], config.resamples, config.seed, config.level)
    point, draws = figures(np.ones((1, n)))[0], resamples.draws(figures)
    for column, (metric, name) in keys:
        yield bootstrapped(
            metric, point[column], draws[:, column], n, resamples, "excluded", of=name
        )
    if columns.truth is not None:
        linear = AttributeLinear(columns.attributes, columns.truth)
        point, draws = linear(np.ones((1, n)))[0], resamples.draws(linear)
        for column, name in enumerate(names):
            yield bootstrapped(
                "plcc_attribute", point[column], draws[:, column], n, resamples, "excluded", of=name
            )


_WITHOUT_TRUTH = ("attribute_to_total", "attribute_to_mos", "halo")


def bootstrapped(
    metric: str,
    value: float,
    draws: Array,
    n: int,
    resamples: Resamples,
    handling: Handling,
    of: str | None = None,
    note: str | None = None,
) -> Figure:
    """A figure with the percentile interval of its draws (count,), or a note in place of either."""
    if not np.isfinite(value):
        return Figure(metric, np.nan, n, of, handling, note=note or "constant")
    low, high = resamples.interval(draws)
    if np.isnan(low):
        return Figure(metric, float(value), n, of, handling, note="unstable_interval")
    return Figure(metric, float(value), n, of, handling, low, high, interval="bootstrap")
