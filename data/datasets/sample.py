"""A few photos that stand for whole datasets: spread over sources, splits, categories and scores.

The choice depends on what the labels say and on nothing else, so the same labels give the same
sample on any machine, and only the chosen photos are read.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import TypeVar

from joppo.data.datasets.base import Label, Reject
from joppo.data.datasets.item import Item
from joppo.data.datasets.sources import (
    Match,
    SourceConfig,
    hashed,
    list_labels,
    match_photos,
    named,
    validation_share,
    with_validation,
)
from joppo.data.store.hashing import unit_interval

T = TypeVar("T")
HELD_OUT = 1 / 6
"""share of a source's sample that each split but train gives, where labels state splits"""
_LEVELS = 5
"""strata of scores: fifths of the source's photos"""


def sample_sources(
    configs: Sequence[SourceConfig], photos: int, base: str | Path = "."
) -> Iterator[Item | Reject]:
    """Items of at most so many photos, and the rejects of all labels.

    Every source has the same share; what one cannot fill, the others do.

    Raises:
        DatasetFormatError: as `list_items` does.
    """
    found: list[list[Match]] = []
    validation: list[float] = []
    for config in configs:
        labels = list(list_labels(config, base))
        validation.append(validation_share(config, labels))
        matches: list[Match] = []
        for one in match_photos(config, labels, base):
            if isinstance(one, Reject):
                yield named(one, config)
            else:
                matches.append(one)
        found.append(matches)
    for index, count in enumerate(shares([len(group) for group in found], photos)):
        chosen = hashed(representative(found[index], count))
        for item in with_validation(chosen, validation[index]):
            yield (
                named(item, configs[index])
                if isinstance(item, Reject)
                else replace(item, source=index)
            )


def shares(sizes: Sequence[int], total: int) -> list[int]:
    """How many each of some groups gives of `total`: equally many, as far as they have them."""
    given = [0] * len(sizes)
    while left := total - sum(given):
        able = [index for index, size in enumerate(sizes) if given[index] < size][:left]
        if not able:
            break
        for index in able:
            given[index] += 1
    return given


def representative(found: Sequence[Match], count: int) -> list[Match]:
    """At most `count` of the photos of one source.

    Where labels state splits, test and validation give their share first; inside a split, photos
    come from each category and each fifth of scores in turn.
    """
    strata = _strata(found)
    splits = grouped(found, lambda one: one[0].split if one[0] else None)
    turns = {split: in_turn(group, strata) for split, group in splits.items()}
    held_out = [turns.pop(split) for split in ("test", "validation") if split in turns]
    each = max(1, round(count * HELD_OUT)) if turns else count
    first, rest = [g[:each] for g in held_out], [g[each:] for g in held_out]
    return list(chain(*first, *turns.values(), *rest))[:count]


def in_turn(found: Iterable[Match], strata: Mapping[str, Hashable]) -> list[Match]:
    """One photo of each stratum, then a second of each, and so on; inside a stratum by hash."""
    groups = grouped(found, lambda one: strata[_name(one)])
    columns = [sorted(groups[key], key=_order) for key in sorted(groups, key=str)]
    return [one for row in zip_longest(*columns) for one in row if one is not None]


def grouped(values: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    """The values by key, in their order."""
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return dict(groups)


def _strata(found: Sequence[Match]) -> dict[str, Hashable]:
    """Name -> (first category, fifth of the score)."""
    scores = sorted(label.mos for label, _ in found if label and label.mos is not None)

    def stratum(label: Label | None) -> Hashable:
        if label is None:
            return None
        category = label.categories[0] if label.categories else 0
        if label.mos is None:
            return category, 0
        return category, 1 + bisect_left(scores, label.mos) * _LEVELS // len(scores)

    return {_name(one): stratum(one[0]) for one in found}


def _name(one: Match) -> str:
    label, path = one
    return label.item if label else path.name


def _order(one: Match) -> tuple[float, str]:
    label, _ = one
    name = _name(one)
    return unit_interval("sample", label.dataset if label else None, name), name
