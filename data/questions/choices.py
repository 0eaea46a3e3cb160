"""Options of multiple choice questions: hard distractors first, letters balanced.

Every choice is a function of a content key and a seed, so it is the same on any machine and in any
order of work, and the letter of the right option is uniform over the corpus.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joppo.data.store.hashing import unit_interval
from joppo.data.taxonomy.categories import CATEGORIES, Category

LETTERS = "ABCDEFGH"


@dataclass(frozen=True, slots=True)
class Choices:
    """Options in letter order, and the letter of the right one."""

    options: tuple[str, ...]
    letter: str

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of all options."""
        return tuple(LETTERS[: len(self.options)])

    @property
    def lines(self) -> str:
        """`A) …` and so on, one option a line."""
        return "\n".join(
            f"{letter}) {option}" for letter, option in zip(self.letters, self.options, strict=True)
        )


def shuffled(items: Sequence[str], *key: Any) -> list[str]:
    """Items in an order that depends only on the items and the key."""
    return sorted(items, key=lambda item: (unit_interval("shuffle", item, *key), item))


def choose(right: str, tiers: Sequence[Sequence[str]], *key: Any, count: int = 4) -> Choices:
    """Put the right option among distractors, which are taken tier by tier.

    Args:
        right: the right option.
        tiers: distractors, hardest tier first; an option of two tiers counts once.
        key: JSON-able values that the choice depends on.
        count: number of options, 2 to 8; there are fewer where distractors run out.

    Raises:
        ValueError: count is out of range, or there is no distractor at all.
    """
    if not 2 <= count <= len(LETTERS):
        raise ValueError(f"count must be 2 to {len(LETTERS)}, got {count}")
    ranked = [option for tier in tiers for option in shuffled(tier, *key) if option != right]
    wrong = list(dict.fromkeys(ranked))[: count - 1]
    if not wrong:
        raise ValueError(f"no distractor for {right!r}")
    index = int(unit_interval("letter", right, *key) * (len(wrong) + 1))
    options = shuffled(wrong, "order", *key)
    options.insert(index, right)
    return Choices(tuple(options), LETTERS[index])


def category_tiers(right: int, true: Sequence[int]) -> list[list[int]]:
    """Category ids by hardness: same element or arrangement, then a shared element, then the rest.

    Categories in `true` (a photo may have several) are never distractors.
    """
    category = CATEGORIES[right]
    others = [c for c in CATEGORIES.values() if c.id != right and c.id not in true]
    return [[c.id for c in others if _distance(category, c) == level] for level in range(3)]


def _distance(a: Category, b: Category) -> int:
    if a.element == b.element or a.arrangement == b.arrangement:
        return 0
    return 1 if set(a.element.split("/")) & set(b.element.split("/")) else 2
