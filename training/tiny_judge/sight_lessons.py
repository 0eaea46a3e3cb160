"""Lessons of looking: captions, and questions about what can be measured in a photo.

Nothing here is about composition or taste: what is asked is tone, colors and light of the whole and
of its parts, and where the subject stands.
"""

import numpy as np

from joppo.data.photos.claims import values
from joppo.data.photos.colors import name_colors
from joppo.data.questions.answer_format import AnswerFormat, completion
from joppo.data.questions.prompts import answer_instruction
from joppo.data.teachers.grounded.plain import clauses
from joppo.training.tiny_judge.lesson import Lesson, choice_lesson, prose, term_lesson
from joppo.training.tiny_judge.sight import PARTS, Sight

DESCRIBE = "Describe this photograph."
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
_PREVAILS = 0.6
"""share of a part's pixels from which on one color prevails in it"""
_NEARLY_ALL = 7
"""parts from which on the subject fills nearly all of the frame"""


def caption(sight: Sight, rng: np.random.Generator, clauses: int = 2) -> str:
    """Subject, light and season, then some measured facts; nothing about where things stand."""
    words = sight.words
    opening = f"{words['subject']}, {words['light']}, {words['season']}, {words['color']}"
    return prose([opening, *_clauses(sight, rng, clauses)])


def describe(sight: Sight, rng: np.random.Generator) -> Lesson:
    """A caption lesson."""
    return Lesson(sight.image, DESCRIBE, caption(sight, rng))


def look(sight: Sight, rng: np.random.Generator) -> Lesson:
    """A sight lesson: a question about a measured aspect, as choice or by name."""
    asked = [aspect for aspect in _ASPECTS if aspect in sight.claims]
    if not asked:
        return describe(sight, rng)
    aspect = asked[rng.integers(len(asked))]
    truth, terms = sight.claims[aspect], values(aspect)
    reason = _phrase(sight, aspect, rng)
    if rng.random() < 0.5:
        form = AnswerFormat("term", tuple(terms))
        prompt = f"{_ASPECTS[aspect]}\nName one of: {'; '.join(terms)}.\n{answer_instruction(form)}"
        return Lesson(sight.image, prompt, completion(prose([reason]), truth))
    options = [terms[i] for i in rng.permutation(len(terms))]
    return choice_lesson(sight, _ASPECTS[aspect], reason, options, truth, rng)


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
            color, where = first[0].name, PARTS[number]
            prompt = f"Which color prevails in the {where} part of the frame?"
            return term_lesson(sight, prompt, f"the {where} part is mostly {color}", color)
    return look(sight, rng)


def shape(sight: Sight, rng: np.random.Generator) -> Lesson:
    """A sight lesson: the parts of the frame that hold the subject, named or chosen."""
    answer = _where(sight.parts)
    reason = f"the subject stands in {answer}"
    if rng.random() < 0.5:
        prompt = "Which parts of the frame hold the main subject? Go from top to bottom."
        return term_lesson(sight, prompt, reason, answer)
    wrong = {_where(_other_parts(sight.parts, rng)) for _ in range(12)} - {answer}
    options = [answer, *sorted(wrong)[:3]]
    options = [options[i] for i in rng.permutation(len(options))]
    return choice_lesson(sight, "Where does the main subject stand?", reason, options, answer, rng)


def _where(parts: tuple[str, ...]) -> str:
    return "nearly all parts" if len(parts) >= _NEARLY_ALL else ", ".join(parts) or "no part"


def _other_parts(parts: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """About as many parts, elsewhere."""
    count = int(np.clip(len(parts) + rng.integers(-1, 2), 1, len(PARTS) - 1))
    return tuple(PARTS[i] for i in sorted(rng.permutation(len(PARTS))[:count]))


def _extreme(sight: Sight, tones: list[float], rng: np.random.Generator) -> Lesson:
    bright = bool(rng.random() < 0.5)
    where = PARTS[int(np.argmax(tones) if bright else np.argmin(tones))]
    kind = "brightest" if bright else "darkest"
    prompt = f"Which part of the frame is the {kind}?"
    return term_lesson(sight, prompt, f"the {kind} part is {where}", where)


def _clauses(sight: Sight, rng: np.random.Generator, count: int) -> list[str]:
    aspects = [a for a in (*_ASPECTS, "color") if a in sight.claims]
    chosen = rng.permutation(len(aspects))[:count]
    return [_phrase(sight, aspects[i], rng) for i in chosen]


def _phrase(sight: Sight, aspect: str, rng: np.random.Generator) -> str:
    words = clauses(aspect, sight.claims)
    return words[rng.integers(len(words))]
