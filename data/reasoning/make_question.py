"""A template and a photo's label -> a question about the photo.

A question is made only where the label states its answer. MOS and attributes of a photo do not hold
for an image synthesized from it, so questions about synthetic images are about composition and
perspective alone.
"""

from collections.abc import Mapping
from typing import Any

from joppo.data.questions.answer_format import AnswerFormat, format_score
from joppo.data.questions.choices import Choices, category_tiers, choose
from joppo.data.questions.prompts import answer_instruction, rubric_lines
from joppo.data.questions.question import CATEGORY_NAMES, Question, Subject, category_name
from joppo.data.questions.template_pool import Template, render
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.taxonomy.categories import CATEGORIES, Category
from joppo.data.taxonomy.perspective import (
    HORIZON_TEXTS,
    HORIZONS,
    KIND_TEXTS,
    KINDS,
    VANISHING,
    horizon_height,
    vanishing_region,
    vanishing_tiers,
)
from joppo.data.taxonomy.rubrics import Rubric

BAND_MARGIN = 0.02
BANDS = ("0.00 to 0.25", "0.25 to 0.50", "0.50 to 0.75", "0.75 to 1.00")
LEAD = 0.1
"""By how much the strongest (weakest) attribute must be ahead of the next one."""


def make_question(
    template: Template, subject: Subject, rubric: Rubric, config: ReasoningConfig
) -> Question | None:
    """The template's question about a photo, or None where the label does not state the answer.

    Raises:
        ValueError: the template compares two photos.
    """
    if template.form == "comparative":
        raise ValueError(f"{template.id} compares two photos: use comparisons.compare")
    if template.task == "composition":
        return _composition(template, subject, config)
    if template.task == "perspective":
        return _perspective(template, subject, config)
    if template.topic == "band":
        return _band(template, subject, config)
    if template.topic in ("strongest", "weakest"):
        return _extreme(template, subject, rubric, config)
    return _score(template, subject, rubric, config)


def _open(
    template: Template, truth: str, terms: tuple[str, ...], accepted: tuple[str, ...] = ()
) -> Question:
    form = AnswerFormat("term", terms)
    text = render(template.text, vocabulary="; ".join(terms), answer_form=answer_instruction(form))
    return Question(template, text, form, truth, meaning=truth, accepted=accepted or (truth,))


def _multiple_choice(
    template: Template, choices: Choices, meaning: str, wrong: tuple[str, ...]
) -> Question:
    form = AnswerFormat("choice", choices.letters)
    text = render(
        template.text,
        options=choices.lines,
        letters=", ".join(choices.letters),
        answer_form=answer_instruction(form),
    )
    return Question(
        template,
        text,
        form,
        truth=choices.letter,
        meaning=meaning,
        accepted=(choices.letter,),
        options=choices.options,
        wrong=wrong,
    )


def _composition(template: Template, subject: Subject, config: ReasoningConfig) -> Question | None:
    if not subject.categories:
        return None
    right = CATEGORIES[subject.categories[0]]
    if template.form == "open":
        accepted = tuple(category_name(CATEGORIES[c]) for c in subject.categories)
        return _open(template, category_name(right), tuple(CATEGORY_NAMES), accepted)
    texts = {_option(template, category): category for category in CATEGORIES.values()}
    tiers = [
        [_option(template, CATEGORIES[c]) for c in tier]
        for tier in category_tiers(right.id, subject.categories)
    ]
    key = (subject.id, template.key, config.seed)
    choices = choose(_option(template, right), tiers, *key, count=config.options)
    wrong = tuple(category_name(texts[o]) for o in choices.options if texts[o].id != right.id)
    return _multiple_choice(template, choices, category_name(right), wrong)


def _option(template: Template, category: Category) -> str:
    name = category_name(category)
    if template.option_style == "both":
        return f"{name}: {category.definition}"
    return name if template.option_style == "name" else category.definition


def perspective_truth(label: Mapping[str, Any], topic: str) -> str | None:
    """The label's word for a perspective topic (kind, vanishing, horizon), or None if unclear."""
    kind = label.get("perspective")
    if topic == "kind":
        return kind if kind in KINDS else None
    if topic == "vanishing":
        return vanishing_region(kind, label.get("vanishing_x"), label.get("vanishing_y"))
    return horizon_height(label.get("horizon"))


def _perspective(template: Template, subject: Subject, config: ReasoningConfig) -> Question | None:
    truth = perspective_truth(subject.label, template.topic)
    if truth is None:
        return None
    terms = {"kind": KINDS, "vanishing": VANISHING, "horizon": HORIZONS}[template.topic]
    if template.form == "open":
        return _open(template, truth, terms)
    tiers = vanishing_tiers(truth) if template.topic == "vanishing" else [list(terms)]
    texts = {"kind": KIND_TEXTS, "horizon": HORIZON_TEXTS}
    words = texts.get(template.topic) or {term: term for term in terms}
    choices = choose(
        words[truth],
        [[words[term] for term in tier if term != truth] for tier in tiers],
        subject.id,
        template.key,
        config.seed,
        count=config.options,
    )
    wrong = tuple(option for option in choices.options if option != words[truth])
    return _multiple_choice(template, choices, words[truth], wrong)


def _score(
    template: Template, subject: Subject, rubric: Rubric, config: ReasoningConfig
) -> Question | None:
    if subject.mos is None:
        return None
    names: tuple[str, ...] = ()
    if template.topic == "score":
        names = tuple(rubric.names)
        if not config.aesthetic_attributes or any(n not in subject.attributes for n in names):
            return None
    form = AnswerFormat("score", names, rubric.order)
    total = round_to_step(subject.mos, config.total_step)
    step = config.attribute_step
    values = {name: round_to_step(subject.attributes[name], step) for name in names}
    truth = format_score(total, values, form.order)
    text = render(
        template.text,
        rubric=rubric_lines(rubric),
        attributes=", ".join(names),
        answer_form=answer_instruction(form),
    )
    return Question(template, text, form, truth, f"{total:.2f}", (truth,))


def round_to_step(value: float, step: float) -> float:
    """The multiple of `step` that lies nearest."""
    return round(value / step) * step


def _band(template: Template, subject: Subject, config: ReasoningConfig) -> Question | None:
    mos = subject.mos
    if mos is None or any(abs(mos - edge) < BAND_MARGIN for edge in (0.25, 0.5, 0.75)):
        return None
    right = BANDS[min(3, int(mos * 4))]
    wrong = tuple(band for band in BANDS if band != right)
    choices = choose(right, [wrong], subject.id, template.key, config.seed, count=len(BANDS))
    return _multiple_choice(template, choices, right, wrong)


def _extreme(
    template: Template, subject: Subject, rubric: Rubric, config: ReasoningConfig
) -> Question | None:
    known = {name: subject.attributes.get(name) for name in rubric.names}
    if not config.aesthetic_attributes or None in known.values() or len(known) < 2:
        return None
    sign = 1 if template.topic == "strongest" else -1
    ranked = sorted(known, key=lambda name: -sign * float(known[name] or 0.0))
    lead = sign * (float(known[ranked[0]] or 0.0) - float(known[ranked[1]] or 0.0))
    if lead < LEAD:
        return None
    words = [name.replace("_", " ") for name in ranked]
    choices = choose(
        words[0], [words[1:]], subject.id, template.key, config.seed, count=config.options
    )
    wrong = tuple(option for option in choices.options if option != words[0])
    return _multiple_choice(template, choices, words[0], wrong)
