"""Figures over trainings: means, paired tests, and what an undefined seed does."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from joppo.training.evaluation.over_seeds import FigureName, compare, summarize
from joppo.training.evaluation.results import Row
from tests.training.evaluation.evaluating import results, scored
from tests.training.evaluation.judging import score_item

SRCC = FigureName("mine", "score", "srcc", "", "worst")


def row(value: float | None, metric: str = "srcc", of: str | None = None) -> Row:
    return {
        "set": "mine",
        "task": "score",
        "metric": metric,
        "of": of,
        "handling": "worst",
        "value": value,
        "versus": None,
    }


def variant(values: dict[int, float | None]) -> dict[int, list[Row]]:
    return {seed: [row(value)] for seed, value in values.items()}


def test_means_and_paired_tests() -> None:
    one, other = [0.7, 0.75, 0.72, 0.69], [0.6, 0.7, 0.66, 0.66]
    variants = {"without": variant(dict(enumerate(other))), "full": variant(dict(enumerate(one)))}
    means = {found.variant: found.over.value for found in summarize(variants)}
    assert means == {"without": pytest.approx(np.mean(other)), "full": pytest.approx(np.mean(one))}
    (found,) = compare(variants)
    assert (found.variant, found.versus, found.figure) == ("full", "without", SRCC)
    assert found.paired.p == pytest.approx(ttest_rel(one, other).pvalue)
    assert found.seeds == (0, 1, 2, 3)


def test_seeds_are_paired_by_their_number() -> None:
    first, second = {3: 0.5, 1: 0.9}, {1: 0.8, 2: 0.1, 3: 0.3}
    (found,) = compare({"a": variant(second), "b": variant(first)})
    assert found.seeds == (1, 3) and found.paired.value == pytest.approx((0.1 + 0.2) / 2)


def test_an_undefined_seed_is_named_and_left_out() -> None:
    variants = {"a": variant({0: 0.5, 1: None, 2: 0.7}), "b": variant({0: 0.6, 1: 0.6, 2: None})}
    first, second = summarize(variants)
    assert (first.over.n, first.undefined) == (2, (1,)) and second.undefined == (2,)
    (found,) = compare(variants)
    assert found.seeds == (0,) and np.isnan(found.paired.p)


def test_real_rows_of_results_go_in() -> None:
    """Halo and attribute figures included; differences between judges left out."""
    rng = np.random.default_rng(0)
    items = [
        score_item(i, i / 20, composition=float(c), color=float(d))
        for i, (c, d) in enumerate(rng.uniform(-1, 1, size=(20, 2)))
    ]

    def rows(seed: int) -> list[Row]:
        said = np.random.default_rng(seed).uniform(-1, 1, size=(20, 3))
        answers = [
            scored(item, abs(float(s[0])), float(s[1]), float(s[2]))
            for item, s in zip(items, said, strict=True)
        ]
        return results(items, answers, answers)

    by_seed = {seed: [one for one in rows(seed) if one["label"] == "b"] for seed in (1, 2, 3)}
    found = {(s.figure.metric, s.figure.of): s for s in summarize({"only": by_seed})}
    assert {("halo_excess", ""), ("srcc_attribute", "color"), ("srcc", "")} <= set(found)
    # Noise has no rising curve, so some seeds may lack the fitted PLCC.
    assert all(one.over.n == 3 for (name, _), one in found.items() if name != "plcc_logistic")
    assert not any("difference" in metric for metric, _ in found)
