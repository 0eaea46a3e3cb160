"""Laws of growth, and the sizes at which engines end."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.training.capacity.engines import ENGINES, reach
from joppo.training.capacity.growth import SIZES, growth, law
from joppo.training.capacity.page import values
from joppo.training.capacity.plan import Plan, make_plan
from tests.training.capacity.plans import costs, recipe

COSTS, RECIPE = costs(), recipe()


@cache
def plan_of(photos: int) -> Plan:
    return make_plan(RECIPE, COSTS, photos)


@given(slope=st.floats(1e-3, 1e3), fixed=st.floats(1, 1e6))
def test_laws_are_told_apart(slope: float, fixed: float) -> None:
    assert law(SIZES, [slope * n for n in SIZES]) == "linear"
    assert law(SIZES, [fixed for _ in SIZES]) == "constant"
    assert law(SIZES, [slope * n + slope * SIZES[0] for n in SIZES]) == "constant + linear"
    assert law(SIZES, [slope * n**2 for n in SIZES]) == "other"
    assert law(SIZES, [0.0 for _ in SIZES]) == "constant"


def test_a_budget_bends_the_line() -> None:
    assert law(SIZES, [min(n, 500_000) for n in SIZES]) == "other"


def test_quantities_of_a_recipe() -> None:
    laws = {one.name: one.law for one in growth([plan_of(n) for n in SIZES])}
    assert laws["JoPPO completions of one run"] == laws["GPU h: SFT"] == "linear"
    assert laws["GPU h: evaluation"] == "constant"  # CADB alone
    assert laws["APIs, USD"] in ("linear", "constant + linear")


def test_growth_wants_rising_sizes() -> None:
    with pytest.raises(ValueError, match="rising"):
        growth([plan_of(10), plan_of(5), plan_of(20)])
    with pytest.raises(ValueError, match="three"):
        growth([plan_of(10), plan_of(20)])


def test_engines_and_stages_rest_on_values_that_exist() -> None:
    known = {name for name, _, _ in values(COSTS)}
    assert {fact for engine in ENGINES for fact in engine.facts} <= known
    assert {name for row in plan_of(1000).stages for name in row.basis} <= known


def test_an_engine_ends_where_its_load_crosses_the_limit() -> None:
    found = {one.engine.name: one for one in reach(plan_of, 1000)}
    assert set(found) == {engine.name for engine in ENGINES}
    for one in found.values():
        if one.photos is not None:
            below = plan_of(max(1, int(one.photos * 0.998)))
            assert one.engine.load(below) <= one.limit < one.engine.load(plan_of(one.photos))
    # 6 + 0.188 runs a photo against 1,000; 15 kB a photo (scored ones too) against 1 GB.
    server = found["Prefect server on SQLite"]
    assert server.photos == pytest.approx(994 / 0.188, rel=2e-3)
    assert found["plan task, memory"].photos == pytest.approx(1e9 / 15e3, rel=2e-3)
    # 4 workers / 0.36 s: 11 writes a second, however many photos there are.
    assert found["object store, requests"].photos is None
    assert found["object store, requests"].load == pytest.approx(4 / 0.36)
