"""Options: hard distractors first, letters balanced, independent of order."""

from collections import Counter

import pytest

from joppo.data.questions.choices import category_tiers, choose, shuffled
from joppo.data.store.hashing import sha256
from joppo.data.taxonomy.categories import CATEGORIES


def _category_choice(right: int, key: str):
    tiers = [[str(c) for c in tier] for tier in category_tiers(right, [right])]
    return choose(str(right), tiers, key, 0)


def test_letters_are_balanced_over_the_corpus() -> None:
    letters: Counter[str] = Counter()
    for category in CATEGORIES:
        for n in range(100):
            letters[_category_choice(category, sha256(f"{category}/{n}".encode())).letter] += 1
    expected = 24 * 100 / 4
    statistic = sum((letters[letter] - expected) ** 2 / expected for letter in "ABCD")
    # 0.999 quantile of chi-square with three degrees of freedom.
    assert set(letters) == set("ABCD") and statistic < 16.27


def test_each_wrong_option_stands_at_each_letter() -> None:
    places = Counter()
    for n in range(400):
        choices = _category_choice(8, sha256(str(n).encode()))
        places.update((letter, o) for letter, o in zip("ABCD", choices.options, strict=True))
    wrong = {o for _, o in places} - {"8"}
    assert all(places[letter, option] > 0 for letter in "ABCD" for option in wrong)


@pytest.mark.parametrize("right", CATEGORIES)
def test_distractors_share_element_or_arrangement(right: int) -> None:
    a = CATEGORIES[right]
    hard, shared, rest = category_tiers(right, [right])
    assert sorted([right, *hard, *shared, *rest]) == sorted(CATEGORIES)
    for other in hard:
        b = CATEGORIES[other]
        assert a.element == b.element or a.arrangement == b.arrangement
    for n in range(20):
        options = set(_category_choice(right, str(n)).options) - {str(right)}
        assert len(options & {str(c) for c in hard}) == min(3, len(hard))


def test_other_true_categories_are_no_distractors() -> None:
    tiers = category_tiers(13, [13, 8])
    assert not {8, 13} & {category for tier in tiers for category in tier}


def test_order_of_distractors_does_not_matter() -> None:
    names = [str(n) for n in range(10)]
    assert choose("x", [names], "k") == choose("x", [names[::-1]], "k")
    assert shuffled(names, "k") == shuffled(names[::-1], "k") != shuffled(names, "l")


def test_few_distractors_give_few_options() -> None:
    choices = choose("right", [["wrong"]], "k")
    assert sorted(choices.options) == ["right", "wrong"] and choices.letters == ("A", "B")
    assert choices.options["AB".index(choices.letter)] == "right"
    assert choices.lines.splitlines()[0] == f"A) {choices.options[0]}"


def test_what_cannot_be_chosen_is_refused() -> None:
    with pytest.raises(ValueError, match="no distractor"):
        choose("right", [["right"]], "k")
    with pytest.raises(ValueError, match="count"):
        choose("right", [["wrong"]], "k", count=1)
