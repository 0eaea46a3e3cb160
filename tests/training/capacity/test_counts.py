"""Numbers of items: by hand, against the plan that runs, and what must hold at any size."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.store.hashing import sha256
from joppo.data.store.shards import partition
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.long_tail_plan import make_plan, plan_totals
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.training.capacity.counts import CapacityError, count
from joppo.training.capacity.recipe import Variant
from joppo.training.config import JoppoConfig, SftConfig
from tests.training.capacity.plans import costs, recipe, set_of, value

COSTS, RECIPE = costs(), recipe()


def test_a_small_case_by_hand() -> None:
    n = count(RECIPE, COSTS, 1000)
    assert (n.photos, n.scored, n.read) == (1000, 500, 1500)
    # Train: 400, 256 and 144 photos, to be raised to 400 at a yield of a half.
    assert n.attempts == pytest.approx(2 * (144 + 256))
    assert n.accepted == pytest.approx(400)
    # 256 parents of 288 attempts, 144 of 512; each gets both maps.
    assert n.canny_maps == n.depth_maps == pytest.approx(256 + 144)
    # Both teachers answer about the composition of 1,400 photos and the score of 500.
    assert n.requests == pytest.approx({"hosted": 1900, "served": 1900})
    # 1,200 + 450 photos to train on, two answers each, half of them accepted.
    assert n.conversations == pytest.approx(1650)
    # Every score prompt, every second composition prompt, six completions.
    assert n.completions == pytest.approx({"full": (450 + 600) * 6})
    assert n.local_answers == pytest.approx(200)
    assert n.endpoint_answers == pytest.approx({"hosted": 100})
    assert n.task_runs == pytest.approx(6 + 2 * 1500 / 50 + 4 * 800 / 25)


@pytest.mark.parametrize(
    "plan",
    [
        PlanConfig(temperature=0.5),
        PlanConfig(temperature=1, expected_yield=0.3, max_per_parent=2),
        PlanConfig(temperature=0.8, max_per_category=20),
        PlanConfig(temperature=0.8, max_total=50),
        PlanConfig(temperature=0),
        PlanConfig(targets={2: 150, 3: 10}),
    ],
)
def test_attempts_are_those_of_the_plan_that_runs(plan: PlanConfig) -> None:
    photos, number = [], 0
    for category, size in COSTS.amounts.categories.items():
        for index in range(round(size * 0.4)):
            number += 1
            image = {
                "image_id": sha256(f"{number}".encode()),
                "split": "train",
                "parent_image_id": None,
            }
            label = {"categories": [category], "split": "train"}
            split = "train" if index % 5 else "test"
            image, label = image | {"split": split}, label | {"split": split}
            photos.append(LabelledPhoto(image, label, known_depth_uri="d"))
    made = make_plan(photos, plan, ControlConfig(), "k")
    expected = count(replace(RECIPE, plan=plan), COSTS, 400)
    assert expected.attempts == pytest.approx(plan_totals(made.table)["attempts"], abs=3)
    parents = {a.parent_id for a in made.attempts}
    assert expected.canny_maps == pytest.approx(len(parents), abs=3)


def test_shards_are_about_as_full_as_assumed() -> None:
    draw = random.Random(0)
    fills = []
    for octave in range(8):
        number = round(2000 * 2 ** (octave / 8))
        items = [(f"{draw.getrandbits(256):064x}", None) for _ in range(number)]
        fills.append(number / len(partition(items, 64)) / 64)
    assert all(0.5 <= fill <= 1 for fill in fills)
    assert sum(fills) / len(fills) == pytest.approx(0.69, abs=0.03)


NUMBERS = (
    "photos",
    "scored",
    "attempts",
    "accepted",
    "canny_maps",
    "depth_maps",
    "texts",
    "conversations",
)


@settings(max_examples=60, deadline=None)
@given(
    photos=st.integers(1, 10**7),
    factor=st.integers(2, 1000),
    temperature=st.floats(0, 1),
    expected_yield=st.floats(0.05, 1),
)
def test_counts_are_linear(
    photos: int, factor: int, temperature: float, expected_yield: float
) -> None:
    plan = PlanConfig(temperature=temperature, expected_yield=expected_yield)
    r = replace(RECIPE, plan=plan)
    small, large = count(r, COSTS, photos), count(r, COSTS, photos * factor)
    for name in NUMBERS:
        expected = pytest.approx(factor * getattr(small, name), rel=1e-9, abs=1e-6)
        assert getattr(large, name) == expected
    assert large.completions["full"] == pytest.approx(factor * small.completions["full"])
    assert large.local_answers == small.local_answers  # CADB's test split is what it is
    assert large.task_runs - 6 == pytest.approx(factor * (small.task_runs - 6), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    photos=st.integers(1, 10**6),
    more=st.integers(1, 10**6),
    limits=st.fixed_dictionaries(
        {},
        optional={
            "max_total": st.integers(0, 1000),
            "max_per_category": st.integers(0, 1000),
            "max_per_parent": st.integers(1, 4),
        },
    ),
    steps=st.sampled_from([-1, 3]),
)
def test_more_photos_are_never_less_work(
    photos: int, more: int, limits: dict[str, Any], steps: int
) -> None:
    r = replace(
        RECIPE,
        plan=PlanConfig(temperature=0.7, **limits),
        sft=SftConfig(max_pixels=784, max_steps=steps),
        variants=(Variant("full", "sft", JoppoConfig(max_steps=steps)),),
    )
    small, large = count(r, COSTS, photos), count(r, COSTS, photos + more)
    for name in (*NUMBERS, "local_answers", "task_runs"):
        assert getattr(large, name) >= getattr(small, name) * (1 - 1e-12)
    assert large.completions["full"] >= small.completions["full"]


def test_steps_bound_the_trainings() -> None:
    r = replace(
        RECIPE,
        sft=SftConfig(max_pixels=784, max_steps=10, batch=32),
        variants=(
            Variant("full", "sft", JoppoConfig(max_steps=10, photos=64, updates_per_batch=2)),
        ),
    )
    n = count(r, COSTS, 10**6)
    assert n.conversations == 320
    assert n.completions == {"full": 5 * 64 * 6}


def test_without_synthesis_nothing_is_made() -> None:
    n = count(replace(RECIPE, plan=None), COSTS, 1000)
    assert n.attempts == n.accepted == n.canny_maps == n.depth_maps == 0
    assert n.task_runs == pytest.approx(6 + 60)


def test_without_a_depth_model_no_depth_maps() -> None:
    n = count(replace(RECIPE, depth_model=False), COSTS, 1000)
    assert n.canny_maps > 0 and n.depth_maps == 0


def test_every_variant_is_trained_and_judged_with_every_seed() -> None:
    variants = (
        Variant("base", "base", None),
        Variant("sft", "sft", None),
        Variant("without-sft", "base", JoppoConfig()),
        Variant("full", "sft", JoppoConfig()),
    )
    r = replace(RECIPE, variants=variants, seeds=3)
    assert r.sft_runs == 3
    assert r.local_judges == 1 + 3 * 3  # the base judge is the same with every seed
    assert set(count(r, COSTS, 1000).completions) == {"without-sft", "full"}
    alone = replace(r, variants=(variants[0], variants[2]), full="without-sft")
    assert alone.sft_runs == 0


@pytest.mark.parametrize(
    ("more", "questions"), [({}, 100), ({"split": "all"}, 1000), ({"limit": 30}, 30)]
)
def test_the_photos_own_test_split_grows(more: dict[str, Any], questions: float) -> None:
    n = count(replace(RECIPE, sets=(set_of("picd", **more),)), COSTS, 1000)
    assert n.local_answers == pytest.approx(2 * questions)


def test_what_cannot_be_counted_is_said() -> None:
    with pytest.raises(CapacityError, match="at least one photo"):
        count(RECIPE, COSTS, 0)
    amounts = COSTS.amounts.as_dict() | {"sets": {"ava": value(5)}}
    with pytest.raises(CapacityError, match=r"set cadb.*amounts\.sets\.cadb"):
        count(RECIPE, costs(amounts=amounts), 10)
