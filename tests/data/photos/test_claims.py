"""Words for measured facts: ranges, gaps, and nothing said where the measure is unsure."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.photos import claims as module
from joppo.data.photos.claims import ASPECTS, claims, values
from joppo.data.photos.measure import Facts, measure
from tests.data.pictures import painting

BASE = measure(painting(0))


def _facts(**changes: object) -> Facts:
    return BASE.model_copy(update=changes)


@pytest.mark.parametrize("aspect", [a for a in ASPECTS if a != "lines"])
def test_ranges_are_apart(aspect: str) -> None:
    ranges = sorted(module._ASPECTS[aspect][1].values())
    assert all(low < high for low, high in ranges)
    assert all(a[1] < b[0] for a, b in pairwise(ranges))


@pytest.mark.parametrize(
    "field, number, aspect, value",
    [
        ("brightness", 0.2, "tone", "dark"),
        ("brightness", 0.38, "tone", None),
        ("brightness", 0.9, "tone", "bright"),
        ("temperature", -0.2, "temperature", "cool"),
        ("temperature", 0.05, "temperature", None),
        ("sharpness", None, "sharpness", None),
        ("focus_gap", 0.1, "focus", "subject"),
        ("salient_x", 0.6, "weight_x", "right"),
        ("salient_y", 0.3, "weight_y", "upper"),
        ("horizon", None, "boundary", None),
        ("horizon", 0.7, "boundary", "lower"),
        ("aspect", 1.5, "format", "landscape"),
    ],
)
def test_what_is_said(field: str, number: float | None, aspect: str, value: str | None) -> None:
    assert claims(_facts(**{field: number})).get(aspect) == value


def test_a_second_color_needs_a_tenth_of_the_frame() -> None:
    first, second = {"name": "blue", "share": 0.5}, {"name": "red", "share": 0.09}
    facts = Facts.model_validate(BASE.model_dump() | {"palette": [first, second]})
    assert claims(facts)["color"] == "blue" and "color_2" not in claims(facts)


@given(st.floats(0, 1), st.floats(-0.019, 0.019))
def test_a_small_change_never_turns_a_claim_into_its_neighbor(x: float, shift: float) -> None:
    before = claims(_facts(brightness=x)).get("tone")
    after = claims(_facts(brightness=x + shift)).get("tone")
    assert before == after or None in (before, after)


def test_values_are_listed_for_wording_files() -> None:
    assert values("tone") == ["dark", "middle", "bright"]
    assert values("lines") == ["horizontal", "vertical", "diagonal"]
