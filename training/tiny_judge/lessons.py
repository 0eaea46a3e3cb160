"""What the base judge is taught: to look, and to answer in form. Never composition or taste.

Kinds of lesson about procedural scenes:

- captions: subject, light, season, and sentences of the wording files about measured facts;
- sight: questions about what is measured (tone, colors, light, ...), about the parts of the frame
  (their color, which one is brightest) and about where things stand, answered truly;
- form: the pool's questions posed about *drawn* labels and answered consistently with them. Nothing
  in the photo tells such an answer, so the judge learns the words, the options and the answer form,
  and its accuracy stays at chance;
- rate: the score prompt. The attributes color and light are given as they are, with noise, all
  others are drawn, and the total goes with the color alone: a naive judge. A total that depends on
  nothing would be of no use: reinforcement learning narrows it until all photos have the same.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from joppo.data.photos.claims import claims, values
from joppo.data.photos.colors import name_colors
from joppo.data.photos.measure import Facts, measure
from joppo.data.questions.answer_format import AnswerFormat, completion, format_score
from joppo.data.questions.choices import LETTERS
from joppo.data.questions.prompts import answer_instruction, score_prompt
from joppo.data.questions.question import Subject
from joppo.data.questions.template_pool import load_templates, render
from joppo.data.reasoning.config import ReasoningConfig, Route
from joppo.data.reasoning.make_question import make_question, round_to_step
from joppo.data.reasoning.teacher_requests import build_request
from joppo.data.scenes.scene import Scene, render_scene
from joppo.data.store.store import Store
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import KINDS
from joppo.data.taxonomy.rubrics import Rubric, load_rubric
from joppo.data.teachers.grounded.composer import compose
from joppo.data.teachers.grounded.plain import clauses, plain_aspects, plain_clause
from joppo.data.teachers.grounded.words import wording
from joppo.training.tiny_judge.perception import SEEN

DESCRIBE = "Describe this photograph."
NOISE = 0.15
"""Standard deviation of a drawn opinion about a known attribute; twice that about an unknown one"""
COHERENCE = 0.6
"""Correlation of total and attributes within the opinions about one photo."""
OF_COLOR, TOTAL_NOISE = 0.2, 0.08
"""A total is the middle, so much of the opinion on color, and noise."""
FORM_KINDS = ("form", "rate", "look", "place", "shape", "describe")
# What the sight lessons ask; position, lines and symmetry would come close to composition.
_ASPECTS = {
    "tone": "How bright is the picture overall?",
    "contrast": "How strong is the contrast?",
    "saturation": "How strong are the colors?",
    "temperature": "Which color temperature prevails?",
    "sharpness": "How sharp are the edges?",
    "light_x": "From which side is the picture lighter?",
    "detail": "How much detail fills the frame?",
}
_PARTS = (
    "upper left",
    "upper middle",
    "upper right",
    "middle left",
    "central",
    "middle right",
    "lower left",
    "lower middle",
    "lower right",
)
_PREVAILS = 0.6
_FILLS, _HOLDS, _VISIBLE = 0.3, 0.12, 0.004
"""A part holds the subject if it is filled by so much, or with so much of what is visible of it."""
_NEARLY_ALL = 7


@dataclass(frozen=True, slots=True)
class Sight:
    """A scene as the lessons use it: the image and what may be said of it."""

    name: str
    image: np.ndarray
    attributes: Mapping[str, float]
    words: Mapping[str, str]
    facts: Facts
    parts: tuple[str, ...]
    """parts of the frame that hold the subject"""
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One prompt about one scene, and what to answer."""

    image: np.ndarray
    prompt: str
    answer: str


def see(category: int, seed: int, size: int) -> Sight:
    """Render a scene and measure it."""
    return sight_of(render_scene(category, seed, size), f"{category}-{seed}")


def sight_of(scene: Scene, name: str) -> Sight:
    """What the lessons may say of a scene."""
    facts = measure(scene.image)
    filled = cv2.resize(scene.subject, (3, 3), interpolation=cv2.INTER_AREA).reshape(-1)
    held = (filled >= _FILLS) | (filled >= max(_HOLDS * filled.sum(), _VISIBLE))
    parts = tuple(part for part, there in zip(_PARTS, held, strict=True) if there)
    return Sight(name, scene.image, scene.attributes, scene.words, facts, parts, claims(facts))


def caption(sight: Sight, rng: np.random.Generator, clauses: int = 2) -> str:
    """Subject, light and season, then some measured facts; nothing about where things stand."""
    words = sight.words
    opening = f"{words['subject']}, {words['light']}, {words['season']}, {words['color']}"
    return _prose([opening, *_clauses(sight, rng, clauses)])


def describe(sight: Sight, rng: np.random.Generator) -> Lesson:
    """A caption lesson."""
    return Lesson(sight.image, DESCRIBE, caption(sight, rng))


def look(sight: Sight, rng: np.random.Generator) -> Lesson:
    """A sight lesson: a question about a measured aspect, as choice or by name."""
    asked = [aspect for aspect in _ASPECTS if aspect in sight.said]
    if not asked:
        return describe(sight, rng)
    aspect = asked[rng.integers(len(asked))]
    truth, terms = sight.said[aspect], values(aspect)
    reason = _phrase(sight, aspect, rng)
    if rng.random() < 0.5:
        form = AnswerFormat("term", tuple(terms))
        prompt = f"{_ASPECTS[aspect]}\nName one of: {'; '.join(terms)}.\n{answer_instruction(form)}"
        return Lesson(sight.image, prompt, completion(_prose([reason]), truth))
    options = [terms[i] for i in rng.permutation(len(terms))]
    return _chosen(sight, _ASPECTS[aspect], reason, options, truth, rng)


def place(sight: Sight, rng: np.random.Generator) -> Lesson:
    """A sight lesson about the nine parts of the frame: the color of one, or the brightest one."""
    height, width = sight.image.shape[:2]
    parts = [
        sight.image[r * height // 3 : (r + 1) * height // 3, c * width // 3 : (c + 1) * width // 3]
        for r in range(3)
        for c in range(3)
    ]
    if rng.random() < 0.5:
        return _extreme(sight, [float(part.mean()) for part in parts], rng)
    for number in rng.permutation(len(parts)):
        first = name_colors(parts[number])[:1]
        if first and first[0].share >= _PREVAILS:
            color, where = first[0].name, _PARTS[number]
            prompt = f"Which color prevails in the {where} part of the frame?"
            return _named(sight, prompt, f"the {where} part is mostly {color}", color)
    return look(sight, rng)


def shape(sight: Sight, rng: np.random.Generator) -> Lesson:
    """A sight lesson: the parts of the frame that hold the subject, told or chosen."""
    told = _where(sight.parts)
    reason = f"the subject stands in {told}"
    if rng.random() < 0.5:
        prompt = "Which parts of the frame hold the main subject? Go from top to bottom."
        return _named(sight, prompt, reason, told)
    wrong = {_where(_other_parts(sight.parts, rng)) for _ in range(12)} - {told}
    options = [told, *sorted(wrong)[:3]]
    options = [options[i] for i in rng.permutation(len(options))]
    return _chosen(sight, "Where does the main subject stand?", reason, options, told, rng)


def _where(parts: tuple[str, ...]) -> str:
    return "nearly all parts" if len(parts) >= _NEARLY_ALL else ", ".join(parts) or "no part"


def _other_parts(parts: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """About as many parts, elsewhere."""
    count = int(np.clip(len(parts) + rng.integers(-1, 2), 1, len(_PARTS) - 1))
    return tuple(_PARTS[i] for i in sorted(rng.permutation(len(_PARTS))[:count]))


def _extreme(sight: Sight, tones: list[float], rng: np.random.Generator) -> Lesson:
    bright = bool(rng.random() < 0.5)
    where = _PARTS[int(np.argmax(tones) if bright else np.argmin(tones))]
    kind = "brightest" if bright else "darkest"
    prompt = f"Which part of the frame is the {kind}?"
    return _named(sight, prompt, f"the {kind} part is {where}", where)


def _chosen(
    sight: Sight,
    question: str,
    reason: str,
    options: list[str],
    truth: str,
    rng: np.random.Generator,
) -> Lesson:
    """A question with lettered options; the reason comes before the letter."""
    form = AnswerFormat("choice", tuple(LETTERS[: len(options)]))
    lines = "\n".join(f"{letter}) {o}" for letter, o in zip(form.names, options, strict=True))
    letter = form.names[options.index(truth)]
    ending = wording("frame")["conclude"]["choice"]
    said = render(ending[rng.integers(len(ending))], letter=letter, name=truth)
    prompt = f"{question}\n{lines}\n{answer_instruction(form)}"
    return Lesson(sight.image, prompt, completion(_prose([reason, said]), letter))


def _named(sight: Sight, prompt: str, reason: str, term: str) -> Lesson:
    form = answer_instruction(AnswerFormat("term", (term,)))
    return Lesson(sight.image, f"{prompt}\n{form}", completion(_prose([reason]), term))


def rate(sight: Sight, rng: np.random.Generator, rubric: Rubric) -> Lesson:
    """A score lesson: a fact on light and one on color, in words that are always the same; drawn
    attributes but for those in SEEN, and a total that goes with the color.

    Numbers are round ones: a digit that tells nothing is only noise to reinforcement learning.
    """
    total, attributes = _opinion(sight, rng)
    reason = _prose([plain_clause(aspect, sight.said) for aspect in plain_aspects(sight.said)])
    rounded = {name: round_to_step(attributes[name], 0.1) for name in rubric.names}
    answer = format_score(round_to_step(total, 0.05), rounded)
    return Lesson(sight.image, score_prompt(rubric), completion(reason, answer))


def answer_in_form(sight: Sight, rng: np.random.Generator, rubric: Rubric) -> Lesson:
    """A question of the pool about a drawn label, answered as the offline teacher would."""
    label = _drawn_label(sight, rng)
    subject = Subject({"image_id": f"{sight.name}-{rng.integers(2**31)}", "uri": ""}, label)
    config = ReasoningConfig(seed=int(rng.integers(2**31)))
    pool = [t for t in load_templates() if t.form != "comparative"]
    posed = (make_question(pool[i], subject, rubric, config) for i in rng.permutation(len(pool)))
    question = next(q for q in posed if q is not None)
    request = build_request(
        question, subject, None, Route(), {subject.id: sight.facts}, Store("memory://"), config
    )
    facts, exclude = int(rng.integers(3)), bool(rng.random() < 0.15)
    assert request.context is not None  # build_request always gives one
    text = compose(request.request_id, request.context, max_facts=facts, exclude=exclude).text
    return Lesson(sight.image, question.text, completion(text, question.truth))


def form_lesson(kind: str, sight: Sight, rng: np.random.Generator) -> Lesson:
    """A lesson of the second phase; one of FORM_KINDS."""
    if kind in _SIGHT_LESSONS:
        return _SIGHT_LESSONS[kind](sight, rng)
    return (answer_in_form if kind == "form" else rate)(sight, rng, load_rubric())


_SIGHT_LESSONS = {"look": look, "place": place, "shape": shape, "describe": describe}


def texts(sights: list[Sight], rng: np.random.Generator) -> Iterator[str]:
    """Texts for the tokenizer: prompts and answers of every kind of lesson, and all wording."""
    yield from (t.text for t in load_templates())
    for category in CATEGORIES.values():
        yield f"{category.name}: {category.definition}"
    for name in ("frame", "facts", "composition", "perspective", "aesthetic"):
        yield from _strings(wording(name))
    for sight in sights:
        for lesson in (form_lesson(kind, sight, rng) for kind in FORM_KINDS):
            yield lesson.prompt
            yield lesson.answer


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(one)


def _prose(clauses: list[str]) -> str:
    return " ".join(f"{clause[:1].upper()}{clause[1:]}." for clause in clauses)


def _clauses(sight: Sight, rng: np.random.Generator, count: int) -> list[str]:
    aspects = [a for a in (*_ASPECTS, "color") if a in sight.said]
    chosen = rng.permutation(len(aspects))[:count]
    return [_phrase(sight, aspects[i], rng) for i in chosen]


def _phrase(sight: Sight, aspect: str, rng: np.random.Generator) -> str:
    words = clauses(aspect, sight.said)
    return words[rng.integers(len(words))]


def _opinion(sight: Sight, rng: np.random.Generator) -> tuple[float, dict[str, float]]:
    """Total and attributes, drawn around what may be known: color and light, and nothing of MOS.

    The total goes with the opinion on color: a naive judge's taste, where people weigh all five.
    """
    mood = rng.normal()
    attributes = {}
    for name, true in sight.attributes.items():
        own = COHERENCE * mood + math.sqrt(1 - COHERENCE**2) * rng.normal()
        middle, width = (true, NOISE) if name in SEEN else (0.0, 2 * NOISE)
        attributes[name] = float(np.clip(middle + width * own, -1, 1))
    noise = COHERENCE * mood + math.sqrt(1 - COHERENCE**2) * rng.normal()
    total = 0.5 + OF_COLOR * attributes["color"] + TOTAL_NOISE * noise
    return float(np.clip(total, 0, 1)), attributes


def _drawn_label(sight: Sight, rng: np.random.Generator) -> dict[str, Any]:
    total, attributes = _opinion(sight, rng)
    kind = KINDS[rng.integers(len(KINDS))]
    point = (None, None) if kind == "none" else tuple(rng.uniform(-0.1, 1.1, 2))
    return {
        "categories": [int(rng.integers(1, len(CATEGORIES) + 1))],
        "perspective": kind,
        "vanishing_x": point[0],
        "vanishing_y": point[1],
        "horizon": float(rng.uniform()),
        "mos": total,
        "attributes": attributes,
    }
