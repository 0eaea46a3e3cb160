"""Stable sharding: invariants over random sets of hashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.store.hashing import sha256
from joppo.data.store.shards import partition

# Few distinct leading digits, so that deep splits happen with few items.
HASHES = st.sets(st.text("01f", min_size=6, max_size=6), max_size=60)


def pairs(hashes):
    return [(h, f"item-{h}") for h in hashes]


@given(HASHES, st.integers(1, 9))
def test_each_item_is_in_exactly_one_shard_of_bounded_size(hashes, max_size):
    shards = partition(pairs(hashes), max_size)
    assert sorted(item for shard in shards for item in shard) == sorted(f"item-{h}" for h in hashes)
    assert all(1 <= len(shard) <= max_size for shard in shards)


@given(st.lists(st.text("01f", min_size=4, max_size=4), max_size=40), st.randoms())
def test_order_of_items_is_irrelevant(hashes, random):
    items = [(h, {"hash": h, "n": n}) for n, h in enumerate(hashes)]
    shuffled = items.copy()
    random.shuffle(shuffled)
    assert partition(items, 3) == partition(shuffled, 3)


@given(HASHES, st.text("01f", min_size=6, max_size=6), st.integers(1, 9))
def test_one_more_item_changes_one_shard_or_splits_it(hashes, more, max_size):
    hashes.discard(more)
    before = {tuple(shard) for shard in partition(pairs(hashes), max_size)}
    after = {tuple(shard) for shard in partition(pairs(hashes | {more}), max_size)}
    gone, made = before - after, after - before
    # An empty place of the trie may take the item as a shard of its own.
    assert len(gone) <= 1
    assert {i for s in made for i in s} == {i for s in gone for i in s} | {f"item-{more}"}


def test_items_of_one_hash_stay_together_even_beyond_the_size():
    shards = partition([("ab", n) for n in range(5)] + [("ac", 9)], max_size=2)
    assert shards == [[0, 1, 2, 3, 4], [9]]


def test_ten_thousand_real_hashes_give_well_filled_shards():
    shards = partition([(sha256(str(n).encode()), n) for n in range(10_000)], max_size=128)
    assert max(map(len, shards)) <= 128
    assert len(shards) <= 2.2 * 10_000 / 128


def test_no_items_give_no_shards():
    assert partition([]) == []


@pytest.mark.parametrize(
    ("items", "max_size", "words"),
    [
        ([("ab", 1)], 0, "max_size"),
        ([("xyz", 1)], 8, "xyz"),
        ([("", 1)], 8, "not a hex"),
        ([("ab", 1), ("abc", 2)], 8, "different lengths"),
    ],
)
def test_bad_arguments_are_named(items, max_size, words):
    with pytest.raises(ValueError, match=words):
        partition(items, max_size)
