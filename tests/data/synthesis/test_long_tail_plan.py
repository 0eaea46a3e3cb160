import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.store.hashing import content_hash
from joppo.data.store.shards import partition
from joppo.data.synthesis.attempt import PlannedShard
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.long_tail_plan import (
    attempt_group,
    make_plan,
    plan_totals,
    target_count,
)
from joppo.data.synthesis.plan_config import PlanConfig

CONTROL = ControlConfig()


def photo(category, number, split="train", depth=True, **image):
    image_id = content_hash(category, number)
    row = {
        "image_id": image_id,
        "uri": f"images/{image_id}.png",
        "width": 64,
        "height": 64,
        "phash": "0" * 16,
        "parent_image_id": None,
        "split": split,
    } | image
    categories = [category] if isinstance(category, int) else list(category)
    label = {"categories": categories, "split": split}
    depth_uri = f"depth/{image_id}.png" if depth else None
    return LabelledPhoto(row, label, known_depth_uri=depth_uri)


def long_tail():
    return [photo(c, n) for c, count in ((1, 20), (2, 5), (3, 1)) for n in range(count)]


def plan(photos, **config):
    return make_plan(photos, PlanConfig(**config), CONTROL, "weights")


def by_category(made):
    return {row["category"]: row for row in made.table}


@pytest.mark.parametrize(("temperature", "targets"), [(0, (5, 1)), (0.5, (10, 4)), (1, (20, 20))])
def test_the_temperature_moves_the_tail_towards_the_head(temperature, targets):
    assert (target_count(5, 20, temperature), target_count(1, 20, temperature)) == targets
    table = by_category(plan(long_tail(), temperature=temperature, max_per_parent=99))
    assert (table[2]["target"], table[3]["target"], table[1]["target"]) == (*targets, 20)


def test_attempts_allow_for_what_the_gate_rejects():
    table = by_category(plan(long_tail(), targets={2: 12}, temperature=0, expected_yield=0.7))
    assert (table[2]["deficit"], table[2]["attempts"]) == (7, 10)
    assert table[2]["why"] == "7 missing / expected yield 0.7 = 10 attempts"
    assert table[1]["why"] == "has its target already"
    assert table[24]["why"] == "no photo in split train to start from"


def test_limits_are_kept_and_named():
    made = plan(long_tail(), temperature=1, max_per_parent=3, expected_yield=1)
    assert by_category(made)[3]["attempts"] == 3
    assert "limited to 3 by 1 parents x 3 attempts" in by_category(made)[3]["why"]
    few = plan(long_tail(), temperature=1, max_total=5)
    assert plan_totals(few.table)["attempts"] == len(few.attempts) == 5
    # The rarest category is served first.
    assert by_category(few)[3]["attempts"] == 5
    capped = plan(long_tail(), temperature=1, max_per_category=2)
    assert Counter(a.category for a in capped.attempts) == {2: 2, 3: 2}


def test_parents_take_turns():
    made = plan(long_tail(), temperature=1, expected_yield=1)
    uses = Counter(a.parent_id for a in made.attempts if a.category == 2)
    assert set(uses.values()) == {3} and len(uses) == 5


def test_the_test_split_and_synthetic_photos_are_no_parents():
    photos = [
        *long_tail(),
        photo(4, 0, split="test"),
        photo(5, 0, split="validation"),
        photo(6, 0, parent_image_id="somebody"),
        photo(7, 0, split=None),
    ]
    two_minds = photo(9, 0)
    two_minds.label["split"] = "test"
    made = plan([*photos, two_minds], temperature=1)
    assert {a.parent["split"] for a in made.attempts} == {"train"}
    assert not {a.category for a in made.attempts} & {4, 5, 6, 7, 9}
    both = plan(photos, temperature=1, splits=("train", "validation"))
    assert {a.parent["split"] for a in both.attempts if a.category == 5} == {"validation"}
    with pytest.raises(ValidationError):
        PlanConfig(splits=("test",))


def test_a_photo_without_depth_gets_canny_only_and_the_plan_says_so():
    photos = [photo(1, n) for n in range(10)] + [photo(2, n, depth=False) for n in range(2)]
    made = plan(photos, temperature=1)
    assert {a.control for a in made.attempts} == {"canny"}
    assert "depth not planned for 2 of 2 parents" in by_category(made)[2]["why"]
    modelled = make_plan(photos, PlanConfig(temperature=1), ControlConfig(depth_model="midas"), "w")
    assert {a.control for a in modelled.attempts} > {"canny"}
    only_depth = plan(photos, temperature=1, controls={"depth": 1.0})
    assert only_depth.attempts == []
    assert "left out" in by_category(only_depth)[2]["why"]


def test_a_multi_label_photo_is_a_parent_in_each_of_its_categories():
    photos = [photo(1, n) for n in range(8)] + [photo((2, 3), 0)]
    made = plan(photos, temperature=1, max_per_parent=2)
    assert Counter(a.category for a in made.attempts) == {2: 2, 3: 2}


def test_attempts_are_json_with_all_that_synthesis_needs():
    made = plan(long_tail(), temperature=1)
    shard = PlannedShard(made.attempts, made.maps)
    assert PlannedShard.from_dict(json.loads(json.dumps(shard.as_dict()))) == shard
    ids = [a.attempt_id for a in made.attempts]
    assert ids == sorted(set(ids))
    for attempt in made.attempts:
        assert set(attempt.control_uris) == set(attempt.control.split("+"))
        assert 0 <= attempt.seed < 2**31
        assert attempt.prompt and attempt.negative_prompt
    wanted = {uri for a in made.attempts for uri in a.control_uris.values()}
    assert len(made.maps) == len(wanted)


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_photos_does_not_matter(random):
    photos = long_tail()
    random.shuffle(photos)
    assert plan(photos, temperature=0.8) == plan(long_tail(), temperature=0.8)


def test_another_photo_in_a_full_category_changes_no_attempt():
    before = plan(long_tail(), targets={2: 9, 3: 9}, temperature=0)
    after = plan([*long_tail(), photo(1, 77)], targets={2: 9, 3: 9}, temperature=0)
    assert before.attempts == after.attempts


def test_other_weights_or_another_seed_give_other_attempts():
    def ids(key="weights", **config):
        made = make_plan(long_tail(), PlanConfig(temperature=1, **config), CONTROL, key)
        return {a.attempt_id for a in made.attempts}

    assert not ids() & ids("other weights")
    assert not ids() & ids(seed=1)


def test_siblings_share_a_shard():
    made = plan(long_tail(), temperature=1)
    shards = partition(map(attempt_group, made.attempts), max_size=2)
    homes = {}
    for number, shard in enumerate(shards):
        for attempt in shard:
            assert homes.setdefault(attempt.parent_id, number) == number
    assert sum(map(len, shards)) == len(made.attempts)


def test_weights_that_choose_nothing_are_refused():
    with pytest.raises(ValidationError, match="weights"):
        PlanConfig(controls={"canny": 0.0})
    with pytest.raises(ValidationError, match="unknown categories"):
        PlanConfig(targets={25: 3})
