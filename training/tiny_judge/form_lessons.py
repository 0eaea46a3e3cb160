"""Lessons of form: the pool's questions with answers that nothing in the photo tells, and scores.

The judge learns words, options and answer form, and its accuracy stays at chance. Scores follow the
attributes color and light as they are, with noise. All others are drawn, and the total follows the
color alone: a naive judge. A total that depends on nothing would be of no use, because
reinforcement learning narrows it until all photos have the same.
"""

import math
from typing import Any

import numpy as np

from joppo.data.questions.answer_format import completion, format_score
from joppo.data.questions.prompts import score_prompt
from joppo.data.questions.question import Subject
from joppo.data.questions.template_pool import load_templates
from joppo.data.reasoning.config import ReasoningConfig, Route
from joppo.data.reasoning.make_question import make_question, round_to_step
from joppo.data.reasoning.teacher_requests import build_request
from joppo.data.store.store import Store
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import KINDS
from joppo.data.taxonomy.rubrics import Rubric
from joppo.data.teachers.grounded.composer import compose
from joppo.data.teachers.grounded.plain import plain_aspects, plain_clause
from joppo.training.tiny_judge.lesson import Lesson, prose
from joppo.training.tiny_judge.perception import SEEN
from joppo.training.tiny_judge.sight import Sight

NOISE = 0.15
"""Standard deviation of a drawn opinion about a known attribute; twice that about an unknown one"""
COHERENCE = 0.6
"""Correlation of total and attributes within the opinions about one photo."""
OF_COLOR, TOTAL_NOISE = 0.2, 0.08
"""A total is the middle, so much of the opinion on color, and noise."""


def rate(sight: Sight, rng: np.random.Generator, rubric: Rubric) -> Lesson:
    """A score lesson: a fact on light and one on color, in words that are always the same; drawn
    attributes but for those in SEEN, and a total that goes with the color.

    Numbers are round ones: a digit that tells nothing is only noise to reinforcement learning.
    """
    total, attributes = _opinion(sight, rng)
    reason = prose([plain_clause(aspect, sight.claims) for aspect in plain_aspects(sight.claims)])
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
