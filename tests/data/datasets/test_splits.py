"""Splits that depend on the photo alone."""

import itertools
from collections import Counter

import pytest
from pydantic import ValidationError

from joppo.data.datasets.splits import SplitConfig, hash_split, strictest, validation_ids
from joppo.data.store.hashing import sha256, unit_interval

IDS = [sha256(str(number).encode()) for number in range(5000)]
# Second letters (r, a, e) of the splits of the first forty ids.
PINNED = "rerrerererrerrrrrrrrrrraraerrrarrrrrrerr"


def test_fractions_are_met_and_the_seed_matters():
    config = SplitConfig(train=0.5, validation=0.2, test=0.3)
    counts = Counter(hash_split(one, config) for one in IDS)
    assert {name: round(count / 5000, 1) for name, count in counts.items()} == {
        "train": 0.5,
        "validation": 0.2,
        "test": 0.3,
    }
    other = SplitConfig(seed=1, train=0.5, validation=0.2, test=0.3)
    assert [hash_split(one, config) for one in IDS] != [hash_split(one, other) for one in IDS]


def test_the_split_is_the_same_on_every_machine():
    assert "".join(hash_split(one, SplitConfig())[1] for one in IDS[:40]) == PINNED


def test_a_larger_test_part_only_takes_and_never_gives():
    small, large = SplitConfig(), SplitConfig(train=0.6, validation=0.1, test=0.3)
    for one in IDS:
        if hash_split(one, small) == "test":
            assert hash_split(one, large) == "test"


def test_no_fraction_may_be_empty_or_all():
    assert {hash_split(one, SplitConfig(train=1, validation=0, test=0)) for one in IDS} == {"train"}
    assert {hash_split(one, SplitConfig(train=0, validation=0, test=1)) for one in IDS} == {"test"}


@pytest.mark.parametrize("values", [{"train": 0.9}, {"train": 1.1, "test": -0.2}, {"dev": 0.1}])
def test_fractions_that_do_not_add_up_are_refused(values):
    with pytest.raises(ValidationError):
        SplitConfig.model_validate(values)


def test_test_outranks_validation_outranks_train():
    assert strictest(["train", "test", "validation"]) == "test"
    assert strictest(["validation", "train"]) == "validation"
    assert strictest(["train"]) == "train"


def test_a_small_dataset_has_validation_photos_too():
    assert len(validation_ids(IDS, 0.05)) == sum(unit_interval("validation", i) < 0.05 for i in IDS)
    assert len(validation_ids(IDS[:40], 0.05)) == 8
    assert len(validation_ids(IDS[:12], 0.05)) == 3
    assert validation_ids(IDS[:3], 0.05) == set() == validation_ids(IDS, 0.0)


def test_more_validation_photos_are_the_same_and_others():
    sets = [validation_ids(IDS[:200], share) for share in (0.0, 0.01, 0.05, 0.5, 1.0)]
    assert all(less <= more for less, more in itertools.pairwise(sets))
    assert sets[-1] == set(IDS[:200])
