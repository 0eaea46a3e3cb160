"""Regions and heights in words; positions near a border have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.taxonomy.perspective import (
    ABSENT,
    HORIZON_TEXTS,
    HORIZONS,
    OUTSIDE,
    REGIONS,
    VANISHING,
    horizon_height,
    vanishing_region,
    vanishing_tiers,
)


@pytest.mark.parametrize(
    "kind, x, y, region",
    [
        ("one-point", 0.5, 0.5, "middle center"),
        ("one-point", 0.1, 0.9, "lower left"),
        ("two-point", 0.9, 0.1, "upper right"),
        ("one-point", 1.4, 0.5, OUTSIDE),
        ("one-point", 0.5, -0.3, OUTSIDE),
        ("one-point", 0.34, 0.5, None),
        ("one-point", 0.995, 0.5, None),
        ("one-point", None, None, None),
        (None, None, None, None),
        ("none", None, None, ABSENT),
    ],
)
def test_region(kind: str | None, x: float | None, y: float | None, region: str | None) -> None:
    assert vanishing_region(kind, x, y) == region


@pytest.mark.parametrize(
    "y, height",
    [
        (0.1, "high"),
        (0.5, "middle"),
        (0.8, "low"),
        (0.39, None),
        (0.61, None),
        (None, None),
        (1.3, None),
    ],
)
def test_height(y: float | None, height: str | None) -> None:
    assert horizon_height(y) == height


@given(st.floats(-1, 2), st.floats(-1, 2))
def test_every_named_region_is_an_option(x: float, y: float) -> None:
    assert vanishing_region("one-point", x, y) in {*VANISHING, None}


def test_distractors_of_a_region_are_near_it() -> None:
    near, _ = vanishing_tiers("upper left")
    assert set(near) == {"upper left", "upper center", "upper right", "middle left", "lower left"}
    assert vanishing_tiers(OUTSIDE) == [list(VANISHING)]
    assert len(REGIONS) == 9 and set(HORIZON_TEXTS) == set(HORIZONS)
