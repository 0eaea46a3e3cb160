"""Failed answers: left out or last, never in between."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from joppo.training.metrics.correlation import srcc
from joppo.training.metrics.missing import for_ranks, for_values

TOTALS = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1)


@given(TOTALS)
def test_excluded_keeps_what_was_said_and_worst_keeps_all(values: list[float]) -> None:
    totals = np.array(values)
    failed = np.isnan(totals)
    kept, mask = for_ranks(totals, "excluded")
    assert (mask == ~failed).all() and (kept[mask] == totals[~failed]).all()
    filled, mask = for_ranks(totals, "worst")
    assert mask.all() and (filled[~failed] == totals[~failed]).all()
    assert (filled[failed] < 0).all()
    filled, _ = for_values(totals, "worst")
    assert (filled[failed] == 0).all()


def test_failing_is_no_way_to_a_better_rank_correlation_on_good_photos() -> None:
    truth = np.linspace(0, 1, 20)
    totals = truth.copy()
    totals[15:] = np.nan
    excluded, kept = for_ranks(totals, "excluded")
    assert srcc(excluded[kept], truth[kept]) == 1
    worst, _ = for_ranks(totals, "worst")
    assert srcc(worst, truth) < 0.5
