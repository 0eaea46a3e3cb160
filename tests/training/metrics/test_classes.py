"""Accuracy per class, the mean of tasks, groups, and the confusion matrix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.training.metrics.bootstrap import Resamples
from joppo.training.metrics.classes import (
    UNPARSED,
    accuracy,
    all_right,
    class_accuracies,
    confusion,
    mean_of_classes,
)

ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c", None])), min_size=1
)


@given(ROWS)
def test_agree_with_counting(rows: list[tuple[str, str | None]]) -> None:
    truth, said = zip(*rows, strict=True)
    hits = np.array([right == answer for right, answer in rows])
    one = np.ones((1, len(rows)))
    assert accuracy(hits)(one)[0, 0] == pytest.approx(sum(hits) / len(rows))
    by_class = class_accuracies(truth, hits)
    for found in by_class:
        own = [right == answer for right, answer in rows if right == found.name]
        assert (found.n, found.value) == (len(own), pytest.approx(sum(own) / len(own)))
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    mean = np.mean([found.value for found in by_class])
    assert mean_of_classes(truth, hits)(one)[0, 0] == pytest.approx(mean)
    cells = confusion(truth, said)
    assert sum(count for _, _, count in cells) == len(rows)
    assert sum(count for right, answer, count in cells if right == answer) == sum(hits)
    unparsed = sum(count for _, answer, count in cells if answer == UNPARSED)
    assert unparsed == said.count(None)


def test_classes_count_alike_in_the_mean() -> None:
    classes = ["rare"] + ["common"] * 99
    hits = np.array([False] + [True] * 99)
    one = np.ones((1, 100))
    assert accuracy(hits)(one)[0, 0] == pytest.approx(0.99)
    assert mean_of_classes(classes, hits)(one)[0, 0] == pytest.approx(0.5)


def test_a_class_that_a_resample_lacks_is_left_out_of_its_mean() -> None:
    counts = np.array([[0.0, 2.0, 1.0]])
    found = mean_of_classes(["a", "b", "b"], np.array([True, True, False]))(counts)
    assert found[0, 0] == pytest.approx(2 / 3)


def test_three_of_three_is_not_certain() -> None:
    (found,) = class_accuracies(["x"] * 3, np.ones(3, dtype=bool))
    assert found.value == 1 and 0.4 < found.low < 0.5 and found.high == pytest.approx(1)


def test_a_group_is_right_when_all_of_it_is() -> None:
    names, hits = all_right(["g", "h", "g", "h"], np.array([True, True, True, False]))
    assert dict(zip(names, hits, strict=True)) == {"g": True, "h": False}


def test_the_interval_of_an_accuracy_is_the_binomials() -> None:
    hits = np.arange(400) < 300
    resamples = Resamples.of(np.arange(400), count=2000)
    low, high = resamples.interval(resamples.draws(accuracy(hits))[:, 0])
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert (low, high) == pytest.approx((0.75 - half, 0.75 + half), abs=0.01)
