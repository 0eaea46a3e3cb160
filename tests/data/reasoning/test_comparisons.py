"""Comparisons: the winner by the labels, suitable partners, balanced letters."""

from collections import Counter
from typing import Any

import pytest

from joppo.data.questions.question import Subject
from joppo.data.questions.template_pool import load_templates
from joppo.data.reasoning.comparisons import compare, compare_with_first
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.store.hashing import sha256

POOL = {t.id: t for t in load_templates() if t.form == "comparative"}
CONFIG = ReasoningConfig()


def _photo(
    n: int, synthetic: bool = False, split: str = "train", parent: str | None = None, **label: Any
) -> Subject:
    image = {"image_id": sha256(str(n).encode()), "split": split, "parent_image_id": parent}
    return Subject(image, {"dataset": "x"} | label, synthetic)


@pytest.mark.parametrize(
    "name, a, b, truth",
    [
        ("aesthetic-compare-better", {"mos": 0.9}, {"mos": 0.2}, "A"),
        ("aesthetic-compare-better", {"mos": 0.2}, {"mos": 0.9}, "B"),
        ("aesthetic-compare-better", {"mos": 0.5}, {"mos": 0.55}, None),
        ("aesthetic-compare-print", {"mos": 0.5}, {"mos": None}, None),
        ("perspective-compare-horizon", {"horizon": 0.2}, {"horizon": 0.6}, "A"),
        ("perspective-compare-horizon", {"horizon": 0.6}, {"horizon": 0.55}, None),
        ("perspective-compare-vanishing", {"vanishing_x": 0.9}, {"vanishing_x": 0.1}, "B"),
        ("perspective-compare-kind", {"perspective": "one-point"}, {"perspective": "none"}, "A"),
        ("perspective-compare-kind", {"perspective": "none"}, {"perspective": "two-point"}, "B"),
        ("perspective-compare-kind", {"perspective": "none"}, {"perspective": "none"}, None),
        ("perspective-compare-kind", {"perspective": "none"}, {"perspective": None}, None),
        ("composition-compare-name", {"categories": [3]}, {"categories": [3]}, None),
        ("composition-compare-name", {"categories": [13, 8]}, {"categories": [8]}, None),
        ("composition-compare-name", {"categories": []}, {"categories": [8]}, None),
    ],
)
def test_winner(name: str, a: dict[str, Any], b: dict[str, Any], truth: str | None) -> None:
    question = compare(POOL[name], _photo(1, **a), _photo(2, **b), CONFIG)
    assert (question.truth if question else None) == truth


def test_the_target_category_belongs_to_the_named_photo_and_letters_balance() -> None:
    letters = Counter()
    template = POOL["composition-compare-which"]
    for n in range(300):
        question = compare(
            template, _photo(n, categories=[3]), _photo(-n - 1, categories=[8]), CONFIG
        )
        assert question is not None
        assert question.target == {"A": 3, "B": 8}[question.truth]
        letters[question.truth] += 1
    assert 115 < letters["A"] < 185


def test_partners_come_from_the_same_dataset_and_split_and_are_no_relatives() -> None:
    template = POOL["aesthetic-compare-better"]
    a = _photo(1, mos=0.9)
    strangers = [
        a,
        _photo(2, mos=0.1, split="test"),
        _photo(3, mos=0.1, dataset="y"),
        _photo(4, mos=0.1, synthetic=True, parent=a.id),
        _photo(5, mos=0.1, parent=a.id),
    ]
    assert compare_with_first(template, a, strangers, CONFIG) is None
    fit = _photo(6, mos=0.1)
    question = compare_with_first(template, a, [*strangers, fit], CONFIG)
    assert question is not None and question.partner is fit and question.truth == "A"


def test_partner_does_not_depend_on_order() -> None:
    template = POOL["aesthetic-compare-better"]
    photos = [_photo(n, mos=n / 40) for n in range(40)]
    for a in photos:
        one = compare_with_first(template, a, photos, CONFIG)
        two = compare_with_first(template, a, photos[::-1], CONFIG)
        assert (one is None) == (two is None)
        if one and two and one.partner and two.partner:
            assert one.partner.id == two.partner.id
