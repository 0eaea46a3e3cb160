"""A cache that is written in place holds what the library's own holds."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.cache_utils import DynamicCache

from joppo.training.trainer.growing_cache import ROOM, GrowingLayer, grow

ROWS, HEADS, WIDTH = 2, 3, 4


def positions(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    keys, values = torch.randn(2, ROWS, HEADS, count, WIDTH, generator=drawn)
    return keys, values


@settings(deadline=None, max_examples=40)
@given(first=st.integers(1, 5), more=st.lists(st.integers(1, ROOM + 3), max_size=6))
def test_it_returns_and_keeps_what_the_librarys_cache_does(first: int, more: list[int]) -> None:
    plain, grown = DynamicCache(), DynamicCache()
    for cache in (plain, grown):
        cache.update(*positions(first, 0), 0)
    grow(grown)
    for number, count in enumerate(more, 1):
        wanted, found = (c.update(*positions(count, number), 0) for c in (plain, grown))
        assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))
        assert plain.get_seq_length() == grown.get_seq_length()
        assert plain.get_mask_sizes(1, 0) == grown.get_mask_sizes(1, 0)


def test_what_it_goes_on_from_is_not_written() -> None:
    layer_of = DynamicCache()
    keys, values = positions(3, 0)
    layer_of.update(keys.clone(), values.clone(), 0)
    one, other = (GrowingLayer.of(layer_of.layers[0]) for _ in range(2))
    first, second = (cache.update(*positions(1, n), 0) for n, cache in ((1, one), (2, other)))
    assert torch.equal(layer_of.layers[0].keys, keys)
    assert torch.equal(first[0][:, :, :3], second[0][:, :, :3])
    assert not torch.equal(first[0][:, :, 3:], second[0][:, :, 3:])


def test_memory_is_taken_now_and_then_and_not_for_every_token() -> None:
    cache = DynamicCache()
    cache.update(*positions(5, 0), 0)
    grow(cache)
    places = {cache.update(*positions(1, n), 0)[0].data_ptr() for n in range(2 * ROOM)}
    assert len(places) == 2
