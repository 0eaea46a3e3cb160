"""A claim is shown only where its whole interval over seeds lies on its side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t, ttest_rel

from joppo.training.reproduction.figures_of_interest import (
    COMPOSITION,
    TO_TOTAL,
    TOTAL,
    MeasuredFigures,
)
from joppo.training.reproduction.paper_claims import (
    KEPT,
    MARGIN,
    Claim,
    ClaimResult,
    check_claims,
    difference,
    paper_claims,
)
from tests.training.reproduction.experiment import by_seed, experiment, figure

SRCC = figure(TOTAL)
VALUES = st.lists(st.floats(-1, 1), min_size=2, max_size=6)


def weigh(one: list[float], other: list[float], margin: float | None = None) -> ClaimResult:
    """The claim that `a` has a larger total than `b`."""
    variants = {"a": by_seed(SRCC, one), "b": by_seed(SRCC, other)}
    claim = Claim("a beats b", "a", "b", TOTAL, margin)
    (found,) = check_claims([claim], variants, MeasuredFigures(["mine"], variants), 0.95)
    return found


@settings(deadline=None, max_examples=40)
@given(st.data(), VALUES, st.sampled_from([None, MARGIN]))
def test_verdicts_follow_students_interval(
    data: st.DataObject, one: list[float], margin: float | None
) -> None:
    other = data.draw(st.lists(st.floats(-1, 1), min_size=len(one), max_size=len(one)))
    gaps = np.subtract(one, other)
    half = t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / len(gaps) ** 0.5
    low, high, least = gaps.mean() - half, gaps.mean() + half, -(margin or 0.0)
    found = weigh(one, other, margin)
    assert found.comparison is not None
    assert (found.comparison.paired.low, found.comparison.paired.high) == pytest.approx((low, high))
    expected = {"shown": low > least, "the opposite is shown": high < least}
    if min(abs(low - least), abs(high - least)) > 1e-9:
        assert [name for name, true in expected.items() if true] == (
            [] if found.verdict == "not shown" else [found.verdict]
        )


@settings(deadline=None, max_examples=40)
@given(VALUES, st.data())
def test_the_reversed_claim_has_the_reversed_verdict(one: list[float], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.floats(-1, 1), min_size=len(one), max_size=len(one)))
    reverse = {
        "shown": "the opposite is shown",
        "the opposite is shown": "shown",
        "not shown": "not shown",
    }
    assert weigh(other, one).verdict == reverse[weigh(one, other).verdict]


def test_p_is_that_of_the_paired_t_test() -> None:
    one, other = [0.7, 0.75, 0.72], [0.6, 0.7, 0.66]
    found = weigh(one, other).comparison
    assert found is not None and found.paired.p == pytest.approx(ttest_rel(one, other).pvalue)


def test_not_worse_allows_the_margin_and_no_more() -> None:
    base = [0.5, 0.6, 0.7, 0.8]
    slightly = [value - MARGIN / 2 for value in base]
    far = [value - 2 * MARGIN for value in base]
    assert weigh(slightly, base).verdict == "the opposite is shown"
    assert weigh(slightly, base, MARGIN).verdict == "shown"
    assert weigh(far, base, MARGIN).verdict == "the opposite is shown"


def test_one_seed_or_a_missing_variant_measures_nothing() -> None:
    assert weigh([0.9], [0.1]).verdict == "not measured"
    variants = {"a": by_seed(SRCC, [0.9, 0.8])}
    claim = Claim("a beats c", "a", "c", TOTAL)
    (found,) = check_claims([claim], variants, MeasuredFigures(["mine"], variants), 0.95)
    assert (found.verdict, found.comparison) == ("not measured", None)
    # The figure itself is missing.
    claim = Claim("a beats a", "a", "a", COMPOSITION)
    (found,) = check_claims([claim], variants, MeasuredFigures(["mine"], variants), 0.95)
    assert found.verdict == "not measured"


def test_only_seeds_of_both_count() -> None:
    variants = {"a": by_seed(SRCC, [0.9, None, 0.7, 0.6]), "b": by_seed(SRCC, [0.5, 0.5, 0.5])}
    found = difference("a", "b", SRCC, variants, 0.95)
    assert found is not None
    assert found.seeds == (0, 2) and found.paired.value == pytest.approx(0.3)


def test_the_papers_claims_hold_where_each_variant_is_better_than_the_last() -> None:
    variants = experiment(seeds=3)
    found = check_claims(
        paper_claims("full"), variants, MeasuredFigures(["mine", "other"], variants), 0.95
    )
    assert {one.verdict for one in found} == {"shown"} and len(found) == 6
    worse = experiment(seeds=3, full=0.1)
    found = check_claims(
        paper_claims("full"), worse, MeasuredFigures(["mine", "other"], worse), 0.95
    )
    assert [one.verdict for one in found] == ["shown", *["the opposite is shown"] * 5]


def test_attributes_to_total_is_claimed_of_judges_alone_that_gave_the_total_last() -> None:
    claims = paper_claims("full")
    place = next(i for i, one in enumerate(claims) if one.figure is TO_TOTAL)
    for kept, verdict in ((KEPT, "shown"), (KEPT - 0.01, "not measured"), (None, "not measured")):
        variants = experiment(seeds=3)
        for one in variants["without-joppo"][1]:
            if one["metric"] == "total_last":
                one["value"] = kept
        found = check_claims(claims, variants, MeasuredFigures(["mine", "other"], variants), 0.95)
        assert found[place].verdict == verdict
        assert [one.verdict for i, one in enumerate(found) if i != place] == ["shown"] * 5
