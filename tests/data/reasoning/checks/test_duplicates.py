"""Near-duplicate texts: found, independent of order, and not too eager."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.reasoning.checks.duplicates import near_duplicates, repeated_reasonings

WORDS = [f"word{n}" for n in range(400)]


def _text(seed: int, length: int = 60) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def test_repetitions_fall_and_the_smallest_id_stays() -> None:
    base = _text(1)
    texts = [("c", base), ("a", base.upper() + "!"), ("b", base + " end"), ("d", _text(2))]
    assert near_duplicates(texts) == {"b": "a", "c": "a"}


def test_half_the_words_in_common_is_no_repetition() -> None:
    half = _text(3, 30)
    texts = [(str(n), f"{half} {_text(100 + n, 30)}") for n in range(20)]
    assert near_duplicates(texts) == {}


def test_short_and_empty_texts_are_compared_too() -> None:
    texts = [("a", "yes"), ("b", "Yes."), ("c", "no"), ("d", "")]
    assert near_duplicates(texts) == {"b": "a"} and near_duplicates(texts, None) == {}


@given(st.lists(st.integers(0, 6), max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_does_not_matter(seeds: list[int], shuffler: random.Random) -> None:
    texts = [(f"{n:02}", _text(seed)) for n, seed in enumerate(seeds)]
    verdict = near_duplicates(texts)
    shuffler.shuffle(texts)
    assert near_duplicates(texts) == verdict
    assert len(seeds) - len(verdict) == len(set(seeds))


def test_rejected_reasonings_repeat_nothing() -> None:
    rows = [
        {"request_id": key, "reasoning": _text(1), "accepted": key != "a"}
        for key in ("a", "b", "c")
    ]
    assert repeated_reasonings(rows) == {"c": "b"}
