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

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from joppo.data.questions.template_pool import load_templates
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.data.teachers.grounded.words import wording
from joppo.training.tiny_judge.form_lessons import answer_in_form, rate
from joppo.training.tiny_judge.lesson import Lesson
from joppo.training.tiny_judge.sight import Sight
from joppo.training.tiny_judge.sight_lessons import describe, look, place, shape

FORM_KINDS = ("form", "rate", "look", "place", "shape", "describe")


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
