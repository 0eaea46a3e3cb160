"""What stages take: a small case by hand, and what must hold in any."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.data.teachers.pricing import UnknownPriceError
from joppo.training.capacity.counts import CapacityError
from joppo.training.capacity.plan import make_plan
from joppo.training.capacity.recipe import Variant
from joppo.training.capacity.stage_row import StageRow
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig
from tests.training.capacity.plans import HOSTED, SERVED, TEACHERS, costs, recipe, value

COSTS, RECIPE = costs(), recipe()
# Tokens of a prompt: 4,000 characters, a photo of 28 x 19 patches, 32 of form.
PROMPT = 1000 + 532 + 32


def rows() -> dict[str, StageRow]:
    return {row.stage: row for row in make_plan(RECIPE, COSTS, 1000).stages}


@pytest.mark.parametrize(
    ("stage", "gpu", "usd", "disk", "hours"),
    [
        ("ingest", 0, 0, 1.5, 1500 * 1e-4 / 4),
        ("control maps", 0.04, 0, 0.8, (400 + 1500) * 1e-4 / 4 + 0.04),
        ("synthesis", 0.8, 0, 0.8, 0.8),
        ("gate", 0, 0, 0, 800 * 1e-4 / 4),
        ("reasoning: facts and checks", 0, 0, 0, 1900 * 1e-4 / 4),
        ("reasoning: hosted", 0, 1900 * (PROMPT * 2 + 200 * 10) / 1e6, 1.9, 1900 / 60 / 60),
        ("reasoning: served", 0.19, 0, 1.9, 0.19),
        ("deduplicate, publish", 0, 0, 7.6, 0.76),
        ("SFT", 1650 / 3600, 0, 0.003, 1650 / 3600),
        ("JoPPO", 3.15, 0, 0.003, 3.15),
        ("evaluation: local judges", 0.04, 0, 0.2, 0.04),
        ("evaluation: hosted", 0, 100 * (PROMPT * 2 + 100 * 10) / 1e6, 0.1, 100 / 60 / 60),
    ],
)
def test_each_stage_by_hand(stage: str, gpu: float, usd: float, disk: float, hours: float) -> None:
    row = rows()[stage]
    assert (row.gpu_hours, row.api_usd, row.disk_gb, row.hours) == pytest.approx(
        (gpu, usd, disk, hours)
    )


def test_totals_by_hand() -> None:
    plan = make_plan(RECIPE, COSTS)
    assert plan.counts.photos == 1000  # the dataset's own
    assert plan.gpu_hours == pytest.approx(0.04 + 0.8 + 0.19 + 1650 / 3600 + 3.15 + 0.04)
    assert plan.gpu_usd == pytest.approx(3 * plan.gpu_hours)
    assert plan.api_usd == pytest.approx(1900 * 5128e-6 + 100 * 4128e-6)
    assert plan.disk_gb == pytest.approx(14.806)
    # The hosted teacher is the slowest of its step, the local judges of theirs.
    steps = (0.0375, 0.0875, 0.8, 0.02, 1900 / 3600, 0.76, 1650 / 3600, 3.15, 0.04)
    assert plan.hours == pytest.approx(sum(steps))


def test_ablations_and_seeds_are_trainings() -> None:
    longer = JoppoConfig(group=12, iterations=2, launch=LaunchConfig(processes=1))
    variants = (Variant("longer", "base", longer), *RECIPE.variants)
    r = replace(RECIPE, variants=variants, seeds=2)
    found, once = {row.stage: row for row in make_plan(r, COSTS, 1000).stages}, rows()
    assert list(found).index("JoPPO") < list(found).index("ablation: longer")
    assert found["SFT"].gpu_hours == pytest.approx(2 * once["SFT"].gpu_hours)
    assert found["SFT"].disk_gb == pytest.approx(2 * once["SFT"].disk_gb)
    assert found["JoPPO"].items == pytest.approx(2 * once["JoPPO"].items)
    # Twice the seeds, twice the group, two passes over each batch.
    assert found["ablation: longer"].gpu_hours == pytest.approx(8 * once["JoPPO"].gpu_hours)
    assert "SFT" not in {
        row.stage
        for row in make_plan(replace(r, variants=variants[:2], full="longer"), COSTS, 9).stages
    }


@settings(max_examples=40, deadline=None)
@given(photos=st.integers(1, 10**7), more=st.integers(0, 10**7))
def test_more_photos_never_take_less(photos: int, more: int) -> None:
    small, large = make_plan(RECIPE, COSTS, photos), make_plan(RECIPE, COSTS, photos + more)
    for name in ("gpu_hours", "gpu_usd", "api_usd", "disk_gb", "hours"):
        assert getattr(large, name) >= getattr(small, name)


@settings(max_examples=40, deadline=None)
@given(photos=st.integers(1, 10**6), factor=st.integers(1, 1000))
def test_all_but_evaluation_and_models_is_linear(photos: int, factor: int) -> None:
    small, large = (make_plan(RECIPE, COSTS, photos * f).stages for f in (1, factor))
    for one, many in zip(small, large, strict=True):
        if one.step == "evaluation":
            assert many == one
            continue
        disk = one.disk_gb if one.step in ("sft", "joppo") else factor * one.disk_gb
        assert (many.items, many.gpu_hours, many.api_usd, many.disk_gb, many.hours) == (
            pytest.approx(
                (
                    factor * one.items,
                    factor * one.gpu_hours,
                    factor * one.api_usd,
                    disk,
                    factor * one.hours,
                )
            )
        )


@settings(max_examples=30, deadline=None)
@given(photos=st.integers(1, 10**7))
def test_local_teachers_cost_nothing(photos: int) -> None:
    offline = replace(RECIPE, reasoning=ReasoningConfig(), teachers=None, endpoints=())
    plan = make_plan(offline, COSTS, photos)
    assert plan.api_usd == 0
    assert set(plan.counts.requests) == {"grounded"}
    assert all(row.gpu_hours == 0 for row in plan.of("reasoning"))


def test_a_named_offline_teacher_costs_nothing_either() -> None:
    own = ProviderConfig(name="own", provider="grounded", model="grounded-1")
    teachers = TeachersConfig(providers=(own,))
    offline = replace(
        RECIPE, reasoning=ReasoningConfig().with_teachers(teachers), teachers=teachers
    )
    (row,) = (r for r in make_plan(offline, COSTS, 1000).stages if r.stage == "reasoning: own")
    assert (row.api_usd, row.gpu_hours, row.items > 0) == (0, 0, True)


def test_a_served_teacher_takes_gpus_and_a_priced_one_money() -> None:
    found = rows()
    assert found["reasoning: served"].api_usd == 0 < found["reasoning: served"].gpu_hours
    assert found["reasoning: hosted"].gpu_hours == 0 < found["reasoning: hosted"].api_usd


def test_no_photos_beside_and_free_gpus() -> None:
    config = costs(
        amounts=COSTS.amounts.as_dict() | {"scored_per_photo": value(0)},
        gpus=COSTS.gpus.as_dict() | {"usd_per_hour": value(0)},
    )
    plan = make_plan(RECIPE, config, 1000)
    assert plan.counts.read == 1000
    assert plan.gpu_usd == 0 < plan.gpu_hours


def test_what_is_not_known_is_said() -> None:
    with pytest.raises(CapacityError, match="max_pixels"):
        make_plan(replace(RECIPE, sft=SftConfig(max_pixels=None)), COSTS, 10)
    strange = HOSTED.model_copy(update={"price": None, "model": "gpt-99"})
    teachers = TEACHERS.model_copy(update={"providers": (strange, SERVED)})
    with pytest.raises(UnknownPriceError, match="gpt-99"):
        make_plan(replace(RECIPE, teachers=teachers), COSTS, 10)
