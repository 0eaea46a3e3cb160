"""The grounded teacher's text: true of the photo, deterministic, varied, complete in its words."""

import re
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from joppo.data.photos.claims import ASPECTS, claims, values
from joppo.data.photos.measure import measure
from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.question import Question, Subject
from joppo.data.questions.template_pool import Template, load_templates
from joppo.data.store.hashing import sha256
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import ABSENT, OUTSIDE, REGIONS
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.data.teachers.context import Context
from joppo.data.teachers.grounded.clash_rules import usable_aspects
from joppo.data.teachers.grounded.composer import compose
from joppo.data.teachers.grounded.plain import GROUPS
from joppo.data.teachers.grounded.words import wording, wording_version
from tests.data.pictures import dot, painting

PAINTINGS = [measure(painting(seed)) for seed in range(24)]
TEMPLATE: dict[str, Any] = {
    "id": "t",
    "task": "composition",
    "topic": "category",
    "form": "open",
    "answer": "term",
    "version": 1,
    "text": "?",
}
LABEL: dict[str, Any] = {
    "categories": [20],
    "perspective": "one-point",
    "mos": 0.6,
    "attributes": dict.fromkeys(load_rubric().names, 0.4),
}


def _question(
    truth: str = "Diffuse",
    meaning: str = "Diffuse",
    names: tuple[str, ...] = (),
    wrong: tuple[str, ...] = (),
    target: int | None = None,
    **template: str,
) -> Question:
    shape = Template(**TEMPLATE | template)
    form = AnswerFormat(shape.answer, names)
    return Question(shape, "?", form, truth, meaning, wrong=wrong, target=target)


def _context(*said: dict[str, str], label: Any = LABEL, **question: Any) -> Context:
    return Context(_question(**question), Subject({"image_id": "0"}, label), said)


def _compose(key: str, *photos: int, **question: Any):
    said = [claims(PAINTINGS[n]) for n in photos]
    return compose(sha256(key.encode()), _context(*said, **question))


def _phrases() -> dict[str, tuple[str, str]]:
    """Every fixed fact phrase -> what it claims."""
    words = wording("facts")
    return {
        phrase.casefold(): (aspect, value)
        for aspect in ASPECTS
        for value in values(aspect)
        for phrase in words[aspect].get(value, [])
    }


def test_every_value_of_every_aspect_has_words_and_no_phrase_means_two_things() -> None:
    words = wording("facts")
    assert set(words) == {*ASPECTS, "color"}
    everything = []
    for aspect in ASPECTS:
        assert set(words[aspect]) == set(values(aspect))
        for phrases in words[aspect].values():
            assert len(phrases) >= 2
            everything += phrases
    assert len(set(everything)) == len(everything) == len(_phrases())


def test_every_topic_has_words() -> None:
    assert set(wording("composition")) == set(CATEGORIES)
    assert all(len(set(s)) == 3 for s in wording("composition").values())
    names = load_rubric().names
    assert set(names) <= set(wording("aesthetic")["attributes"])
    topics = {t.topic for t in load_templates() if t.form == "comparative"}
    assert topics <= set(wording("frame")["compare"])


@pytest.mark.parametrize("photo", range(24))
def test_what_is_claimed_is_measured(photo: int) -> None:
    truth = claims(PAINTINGS[photo])
    for n in range(12):
        composed = _compose(f"{photo}/{n}", photo)
        assert composed.claims
        for claim in composed.claims:
            assert truth[claim.aspect] == claim.value


def test_every_fact_phrase_in_the_text_was_claimed() -> None:
    phrases = _phrases()
    found = 0
    for photo, n in product(range(24), range(6)):
        composed = _compose(f"{photo}/{n}", photo)
        claimed = {(claim.aspect, claim.value) for claim in composed.claims}
        present = {meaning for p, meaning in phrases.items() if p in composed.text.casefold()}
        assert present <= claimed
        found += len(present)
    assert found > 200


def test_comparisons_speak_of_the_right_photo() -> None:
    phrases = _phrases()
    for n in range(60):
        a, b = n % 24, (n * 7 + 1) % 24
        composed = _compose(
            str(n), a, b, form="comparative", answer="choice", truth="AB"[n % 2], target=20
        )
        truths = [claims(PAINTINGS[a]), claims(PAINTINGS[b])]
        assert {c.photo for c in composed.claims} == {0, 1}
        assert all(truths[c.photo][c.aspect] == c.value for c in composed.claims)
        text = composed.text.casefold()
        first, second = re.split(r"in b, |in photograph b, |in the second one ", text, maxsplit=1)
        for half, truth in ((first, truths[0]), (second, truths[1])):
            for phrase, (aspect, value) in phrases.items():
                assert phrase not in half or truth[aspect] == value


def test_colors_named_are_those_of_the_photo() -> None:
    said = claims(measure(np.full((64, 64, 3), (20, 40, 200), np.uint8)))
    texts = [compose(sha256(str(n).encode()), _context(said)) for n in range(30)]
    named = [t.text for t in texts if any(c.aspect == "color" for c in t.claims)]
    assert named and all("blue" in text.casefold() for text in named)


def test_same_key_same_text_other_key_other_text() -> None:
    assert _compose("k", 1) == _compose("k", 1)
    texts = {_compose(str(n), n % 24).text for n in range(192)}
    assert len(texts) == 192


def test_text_reads_as_sentences() -> None:
    for n in range(100):
        text = _compose(str(n), n % 24).text
        assert text.endswith(".") and ".." not in text and "  " not in text
        assert "{" not in text and "_" not in text
        assert all(part[:1].isupper() for part in re.split(r"(?<=\.) ", text))
        assert text.rstrip(".").endswith("Diffuse")


@pytest.mark.parametrize("meaning", [*REGIONS, OUTSIDE, ABSENT])
def test_vanishing_points(meaning: str) -> None:
    text = _compose(
        meaning, 0, task="perspective", topic="vanishing", truth=meaning, meaning=meaning
    ).text
    assert text.count(meaning) >= (2 if meaning in REGIONS else 1)


@pytest.mark.parametrize("meaning", ["high", "low in the frame", "near the middle of the height"])
def test_horizons(meaning: str) -> None:
    text = _compose(
        meaning, 0, task="perspective", topic="horizon", truth=meaning, meaning=meaning
    ).text
    options = wording("perspective")["horizon"][
        {"high": "high", "low": "low", "near": "middle"}[meaning.split()[0]]
    ]
    assert any(option.casefold() in text.casefold() for option in options)


def _scored(**attributes: float) -> Context:
    """The question for the score of a poor photo."""
    return _context(
        claims(PAINTINGS[0]),
        label=LABEL | {"attributes": attributes, "mos": 0.1},
        task="aesthetic",
        topic="score",
        answer="score",
        truth="Score: 0.10",
        meaning="0.10",
        names=tuple(attributes),
    )


def test_strengths_and_weaknesses_follow_the_attributes() -> None:
    context = _scored(composition=0.9, color=-0.9, grain=0.0)
    text = compose("ab" * 32, context).text
    words = wording("aesthetic")
    assert any(s in text for s in words["attributes"]["composition"]["strong"])
    assert any(s in text for s in words["attributes"]["color"]["weak"])
    assert any(s in text for s in words["whole"]["poor"])
    assert "Grain is" in text and text.endswith(("0.10.", "for the whole."))


def test_the_strongest_opinions_alone() -> None:
    context = _scored(composition=0.2, color=-0.9, light=0.6)
    words = wording("aesthetic")["attributes"]
    kinds = {"composition": "fair", "color": "weak", "light": "strong"}
    for most, told in ((0, set()), (1, {"color"}), (2, {"color", "light"}), (None, set(kinds))):
        text = compose("ab" * 32, context, max_facts=0, max_attributes=most).text
        assert {n for n, kind in kinds.items() if any(s in text for s in words[n][kind])} == told


def test_plain_grounds_of_a_score_name_light_and_color_in_words_that_never_vary() -> None:
    context = _scored(composition=0.9, color=-0.9)
    plain, other = (compose(key * 32, context, plain=True) for key in ("ab", "cd"))
    assert plain == other and len(plain.claims) == 2
    facts, said = wording("facts"), claims(PAINTINGS[0])
    for claim, group in zip(plain.claims, GROUPS, strict=True):
        assert claim.aspect in group and claim.value == said[claim.aspect]
        assert claim.aspect == "color" or facts[claim.aspect][claim.value][0] in plain.text.lower()
    assert "0.10" not in plain.text
    choice = replace(context, question=_question())
    assert compose("ab" * 32, choice, plain=True) == compose("ab" * 32, choice)


def test_short_texts_for_small_judges() -> None:
    context = _context(claims(PAINTINGS[0]), wrong=("Pattern",))
    brief = compose("cd" * 32, context, max_facts=0, exclude=False)
    assert brief.claims == () and "Pattern" not in brief.text
    assert len(brief.text.split()) < len(compose("cd" * 32, context).text.split())


def test_a_centered_subject_is_not_said_to_lie_aside() -> None:
    said = claims(measure(dot(0.2, 0.2)))
    assert said["weight_x"] == "left"
    assert "weight_x" not in usable_aspects(said, "composition", [3])
    assert "weight_x" in usable_aspects(said, "composition", [1])
    assert "weight_x" not in usable_aspects(said, "aesthetic", [])


def test_the_version_names_the_words() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", wording_version())
