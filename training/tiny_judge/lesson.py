"""One lesson: a prompt about a scene and its answer. Answers are reasoned, then given in form."""

from dataclasses import dataclass

import numpy as np

from joppo.data.questions.answer_format import AnswerFormat, completion
from joppo.data.questions.choices import LETTERS
from joppo.data.questions.prompts import answer_instruction
from joppo.data.questions.template_pool import render
from joppo.data.teachers.grounded.words import wording
from joppo.training.tiny_judge.sight import Sight


@dataclass(frozen=True, slots=True)
class Lesson:
    """One prompt about one scene, and what to answer."""

    image: np.ndarray
    prompt: str
    answer: str


def prose(clauses: list[str]) -> str:
    """Clauses as sentences."""
    return " ".join(f"{clause[:1].upper()}{clause[1:]}." for clause in clauses)


def choice_lesson(
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
    conclusion = render(ending[rng.integers(len(ending))], letter=letter, name=truth)
    prompt = f"{question}\n{lines}\n{answer_instruction(form)}"
    return Lesson(sight.image, prompt, completion(prose([reason, conclusion]), letter))


def term_lesson(sight: Sight, prompt: str, reason: str, term: str) -> Lesson:
    """A question whose answer is a term; the reason comes before it."""
    form = answer_instruction(AnswerFormat("term", (term,)))
    return Lesson(sight.image, f"{prompt}\n{form}", completion(prose([reason]), term))
