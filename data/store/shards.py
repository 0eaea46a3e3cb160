"""Stable sharding: which items are worked on together.

A shard's content is its cache key, so adding one photo to a million must leave all shards but one
as they were. Cutting a sorted list into runs of N would move every later boundary; a trie over the
bits of the items' content hashes does not.
"""

import re
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
_HEX = re.compile(r"[0-9a-f]+")


def partition(items: Iterable[tuple[str, T]], max_size: int = 128) -> list[list[T]]:
    """Split items into shards that depend on the set of items only, not on their order.

    A node of the trie holds the items whose hashes share a prefix of bits; a node of more than
    `max_size` items is split by the next bit. Adding or removing one item therefore changes one
    shard, splits it, or merges it with its sibling; all others stay the same.

    Args:
        items: pairs of content hash (hex, all of one length) and item. Items of equal hash stay in
            one shard, so a shard exceeds `max_size` only if all its items share one hash.
        max_size: most items of one shard, >= 1.

    Returns:
        Shards in the order of their hashes, items within a shard likewise. No shard is empty.

    Raises:
        ValueError: `max_size` < 1, a hash that is not hex, or hashes of different lengths.
    """
    if max_size < 1:
        raise ValueError(f"max_size must be at least 1, got {max_size}")
    pairs = [(digest.lower(), item) for digest, item in items]
    _check_hashes([digest for digest, _ in pairs])
    pairs.sort(key=lambda pair: pair[0])
    digests = [digest for digest, _ in pairs]
    if len(set(digests)) < len(digests):
        # Items of one hash are told apart by repr, which needs no ordering of T.
        pairs.sort(key=lambda pair: (pair[0], repr(pair[1])))
    return [[item for _, item in pairs[a:b]] for a, b in _leaves(digests, max_size)]


def _check_hashes(digests: list[str]) -> None:
    for digest in digests:
        if not _HEX.fullmatch(digest):
            raise ValueError(f"not a hex content hash: {digest!r}")
        if len(digest) != len(digests[0]):
            raise ValueError(f"hashes of different lengths: {digests[0]!r} and {digest!r}")


def _leaves(digests: list[str], max_size: int) -> list[tuple[int, int]]:
    """Ranges [start, end) of the sorted digests that form the leaves, from left to right."""
    if not digests:
        return []
    leaves: list[tuple[int, int]] = []
    numbers = [int(digest, 16) for digest in digests]
    stack = [(0, len(numbers), 4 * len(digests[0]))]
    while stack:
        start, end, bits = stack.pop()
        if end - start <= max_size or bits == 0:
            leaves.append((start, end))
            continue
        middle = _first_with_bit(numbers, start, end, bits - 1)
        # The right half is pushed first so that the left half is popped first.
        stack += [(a, b, bits - 1) for a, b in ((middle, end), (start, middle)) if a < b]
    return leaves


def _first_with_bit(numbers: list[int], start: int, end: int, bit: int) -> int:
    """Binary search in sorted numbers that agree above `bit`: where that bit turns to 1."""
    while start < end:
        middle = (start + end) // 2
        if numbers[middle] >> bit & 1:
            end = middle
        else:
            start = middle + 1
    return start
