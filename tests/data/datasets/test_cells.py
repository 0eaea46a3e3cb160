"""Cells: whatever stands in them, the result is in range or a stated reason."""

import json
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from joppo.data.datasets import Label
from joppo.data.datasets.base import BadRowError
from joppo.data.datasets.cells import category_ids, count, item_name, number, signed_unit, unit
from joppo.data.taxonomy.categories import CATEGORIES


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(["..", ".", "a", "", "C:", "\\"])).map("/".join))
)
@example("../../etc/passwd")
@example("a/../../b")
@example("~root\x00")
def test_a_name_that_passes_stays_inside_on_any_system(text):
    try:
        name = item_name(text)
    except BadRowError as error:
        assert error.reason in ("unsafe_path", "missing_id")
        return
    for kind in (PurePosixPath, PureWindowsPath):
        path = kind(name)
        assert not path.is_absolute() and not path.drive and ".." not in path.parts
    assert name.encode() and "\0" not in name


@given(
    st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.just(1)))
)
@example("1_0")
@example("٣")
@example(10**400)
def test_a_number_that_passes_is_in_range(value):
    try:
        found = number(value, 1, 10, "score")
    except BadRowError as error:
        assert error.reason in ("missing_value", "not_a_number", "not_finite", "out_of_range")
        return
    assert 1 <= found <= 10
    assert 0 <= unit(found, 1, 10) <= 1 and -1 <= signed_unit(found, 1, 10) <= 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "missing_value"),
        (" ", "missing_value"),
        (None, "missing_value"),
        ("5,5", "not_a_number"),
        ("0x10", "not_a_number"),
        ("1_0", "not_a_number"),
        (True, "not_a_number"),
        ([5], "not_a_number"),
        ("NaN", "not_finite"),
        ("-inf", "not_finite"),
        (10**400, "not_finite"),
        ("1e999", "not_finite"),
        ("10.0001", "out_of_range"),
        (0.999, "out_of_range"),
    ],
)
def test_a_number_that_fails_says_why(value, reason):
    with pytest.raises(BadRowError) as error:
        number(value, 1, 10, "score")
    assert error.value.reason == reason and "score" in error.value.detail


@given(st.lists(st.sampled_from(sorted(CATEGORIES)), min_size=1, unique=True))
def test_category_lists_keep_their_order(ids):
    assert category_ids(",".join(map(str, ids))) == tuple(ids)
    assert category_ids(" , ".join(map(str, ids))) == tuple(ids)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0", "unknown_category"),
        ("25", "unknown_category"),
        ("8,", "bad_category"),
        ("8.0", "bad_category"),
        ("-8", "bad_category"),
        ("8 9", "bad_category"),
        ("²", "bad_category"),
        ("13,8,13", "repeated_category"),
        ("", "missing_value"),
    ],
)
def test_a_category_that_fails_says_why(text, reason):
    with pytest.raises(BadRowError) as error:
        category_ids(text)
    assert error.value.reason == reason


def test_counts_are_whole():
    assert count("140", "n") == 140 and count(3.0, "n") == 3
    with pytest.raises(BadRowError, match="not_a_count"):
        count("1.5", "n")


def test_a_label_survives_json():
    label = Label("a.jpg", "picd", (13, 8), horizon=0.5, attributes={"light": 0.5}, split="test")
    assert Label.from_dict(json.loads(json.dumps(label.as_dict()))) == label
    assert (label.element, label.arrangement) == ("line", "vertical")
    assert Label("a.jpg", "picd").element is None
