"""Questions: posed only where the label states the answer, and answered by it."""

import itertools
from typing import Any

import pytest

from joppo.data.questions.answer_format import parse_answer
from joppo.data.questions.question import CATEGORY_NAMES, Question, Subject, category_name
from joppo.data.questions.template_pool import Template, load_templates
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.make_question import BANDS, make_question
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.rubrics import load_rubric

RUBRIC = load_rubric()
CONFIG = ReasoningConfig()
POOL = {t.id: t for t in load_templates()}
SINGLE = [t for t in POOL.values() if t.form != "comparative"]
FULL: dict[str, Any] = {
    "dataset": "x",
    "categories": [8],
    "perspective": "one-point",
    "vanishing_x": 0.5,
    "vanishing_y": 0.2,
    "horizon": 0.2,
    "mos": 0.62,
    "attributes": {
        "composition": 0.5,
        "color": -0.1,
        "light": 0.1,
        "depth_of_field": -0.4,
        "content": 0.0,
    },
}


def _subject(synthetic: bool = False, key: str = "00", **label: Any) -> Subject:
    return Subject({"image_id": key * 32, "item": "SECRET-name.jpg"}, FULL | label, synthetic)


def _pose(name: str, subject: Subject, **config: Any) -> Question | None:
    return make_question(POOL[name], subject, RUBRIC, ReasoningConfig(**config))


@pytest.mark.parametrize("template", SINGLE, ids=lambda t: t.id)
def test_every_template_can_be_posed_and_its_truth_parses(template: Template) -> None:
    question = make_question(template, _subject(), RUBRIC, CONFIG)
    assert question is not None
    parse_answer(question.truth, question.form)
    assert question.truth in question.accepted
    assert "<answer>" in question.text and "SECRET" not in question.text
    assert "{{" not in question.text


@pytest.mark.parametrize("template", SINGLE, ids=lambda t: t.id)
def test_without_a_label_nothing_is_asked(template: Template) -> None:
    assert make_question(template, Subject({"image_id": "00"}, {}), RUBRIC, CONFIG) is None


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_letter_stands_for_the_right_category(category: int) -> None:
    for style, key in itertools.product(("plain", "definition", "name"), ("0a", "1b", "2c")):
        question = _pose(f"composition-choice-{style}", _subject(key=key, categories=[category]))
        assert question is not None
        right = CATEGORIES[category]
        expected = {
            "plain": f"{category_name(right)}: {right.definition}",
            "definition": right.definition,
            "name": category_name(right),
        }[style]
        assert question.options["ABCD".index(question.truth)] == expected
        assert f"{question.truth}) {expected}" in question.text
        assert len(set(question.options)) == 4 and len(question.wrong) == 3
        assert category_name(right) not in question.wrong


def test_category_names_are_clean_and_unique() -> None:
    assert len(CATEGORY_NAMES) == 24
    assert "Horizontal Arranged Points" in CATEGORY_NAMES and "Random Dense" in CATEGORY_NAMES


def test_a_photo_with_two_categories_accepts_both_and_offers_one() -> None:
    subject = _subject(categories=[13, 8])
    open_question = _pose("composition-open-name", subject)
    assert open_question is not None
    assert open_question.accepted == ("Vertical Third Line", "Horizontal Middle Part")
    for key in ("00", "11", "22", "33"):
        choice = _pose("composition-choice-name", _subject(categories=[13, 8], key=key))
        assert choice is not None and "Horizontal Middle Part" not in choice.options


@pytest.mark.parametrize(
    "name, label",
    [
        ("perspective-open-kind", {"perspective": None}),
        ("perspective-open-vanishing", {"vanishing_x": None}),
        ("perspective-choice-vanishing", {"vanishing_x": 1 / 3}),
        ("perspective-open-horizon", {"horizon": None}),
        ("perspective-choice-horizon", {"horizon": 0.4}),
        ("aesthetic-open-total", {"mos": None}),
        ("aesthetic-open-score", {"attributes": {"color": 0.1}}),
        ("aesthetic-choice-band", {"mos": 0.51}),
        ("aesthetic-choice-strongest", {"attributes": {**FULL["attributes"], "light": 0.45}}),
        ("composition-open-name", {"categories": []}),
    ],
)
def test_what_is_unknown_or_unclear_is_not_asked(name: str, label: dict[str, Any]) -> None:
    assert _pose(name, _subject()) is not None
    assert _pose(name, _subject(**label)) is None


def test_synthetic_photos_have_no_score() -> None:
    for template in SINGLE:
        question = make_question(template, _subject(synthetic=True), RUBRIC, CONFIG)
        assert (question is None) == (template.task == "aesthetic")


def test_scores_state_what_is_known_and_no_more() -> None:
    full, total = (_pose(n, _subject()) for n in ("aesthetic-open-score", "aesthetic-open-total"))
    assert full is not None and total is not None
    assert full.truth == (
        "Score: 0.62, composition: 0.50, color: -0.10, light: 0.10, depth_of_field: -0.40, "
        "content: 0.00"
    )
    assert total.truth == "Score: 0.62" and "composition:" not in total.text
    hidden = {"aesthetic_attributes": False}
    assert _pose("aesthetic-open-score", _subject(), **hidden) is None
    assert _pose("aesthetic-choice-weakest", _subject(), **hidden) is None
    assert _pose("aesthetic-open-total", _subject(), **hidden) is not None


def test_the_answer_of_a_lesson_is_in_the_rubrics_order() -> None:
    last = RUBRIC.model_copy(update={"order": "attributes_first"})
    template = POOL["aesthetic-open-score"]
    one, other = (make_question(template, _subject(), r, CONFIG) for r in (RUBRIC, last))
    assert one is not None and other is not None
    total, attributes = one.truth.split(", ", 1)
    assert total == "Score: 0.62" and other.truth == f"{attributes}, {total}"
    first, second = (parse_answer(q.truth, q.form) for q in (one, other))
    assert (first.total, first.attributes) == (second.total, second.attributes)
    assert "content: value, Score: value</answer>" in other.text


def test_scores_in_steps() -> None:
    steps = {"total_step": 0.05, "attribute_step": 0.25}
    question = _pose("aesthetic-open-score", _subject(), **steps)
    assert question is not None and question.meaning == "0.60"
    assert question.truth == (
        "Score: 0.60, composition: 0.50, color: 0.00, light: 0.00, depth_of_field: -0.50, "
        "content: 0.00"
    )


@pytest.mark.parametrize("mos, band", [(0.0, 0), (0.2, 0), (0.3, 1), (0.6, 2), (0.8, 3), (1.0, 3)])
def test_bands(mos: float, band: int) -> None:
    question = _pose("aesthetic-choice-band", _subject(mos=mos))
    assert question is not None
    assert question.options["ABCD".index(question.truth)] == BANDS[band]


def test_strongest_and_weakest() -> None:
    best = _pose("aesthetic-choice-strongest", _subject())
    worst = _pose("aesthetic-choice-weakest", _subject())
    assert best is not None and best.meaning == "composition"
    assert worst is not None and worst.meaning == "depth of field"


def test_comparative_templates_need_two_photos() -> None:
    with pytest.raises(ValueError, match="compares two"):
        make_question(POOL["aesthetic-compare-better"], _subject(), RUBRIC, CONFIG)
