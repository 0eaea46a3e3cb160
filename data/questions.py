"""A question about a photo: template x truth -> user text, answer format and right answer.

A question exists only where the label states its answer. MOS and attributes of a photo say nothing
about an image synthesized from it, so synthetic images are asked about composition and perspective
alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from data.answer_format import AnswerFormat, format_score
from data.categories import CATEGORIES, Category
from data.choices import Choices, category_tiers, choose
from data.perspective import (
    HORIZONS,
    KIND_TEXTS,
    KINDS,
    VANISHING,
    horizon_height,
    vanishing_region,
    vanishing_tiers,
)
from data.prompts import answer_instruction, rubric_lines
from data.reasoning_config import ReasoningConfig
from data.rubrics import Rubric
from data.template_pool import Template, render

BAND_MARGIN = 0.02
BANDS = ("0.00 to 0.25", "0.25 to 0.50", "0.50 to 0.75", "0.75 to 1.00")
LEAD = 0.1  # by how much the strongest (weakest) attribute must lead
MIN_SHIFT = 0.15  # least distance of two positions in a comparison, fraction of the frame


@dataclass(frozen=True, slots=True)
class Subject:
    """A photo with what is known of it: its `images` row and its `labels` row, if any."""

    image: Mapping[str, Any]
    label: Mapping[str, Any]
    synthetic: bool = False

    @property
    def id(self) -> str:
        return str(self.image["image_id"])

    @property
    def categories(self) -> tuple[int, ...]:
        return tuple(self.label.get("categories") or ())

    @property
    def mos(self) -> float | None:
        """Human score in [0, 1]; None for synthetic images, which nobody has rated."""
        return None if self.synthetic else self.label.get("mos")

    @property
    def attributes(self) -> dict[str, float]:
        return {} if self.synthetic else dict(self.label.get("attributes") or {})


@dataclass(frozen=True, slots=True)
class Question:
    """One posed question. `truth` is the right answer as it stands between the answer tags;
    `accepted` are all answers that the label allows (a photo may have several categories)."""

    template: Template
    text: str
    form: AnswerFormat
    truth: str
    meaning: str
    accepted: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    partner: Subject | None = None
    target: int | None = None
    wrong: tuple[str, ...] = field(default=())


def category_name(category: Category) -> str:
    """The category's name without the stray blanks and hyphens of the label file."""
    return category.name.replace(" -", " ").replace("- ", " ")


CATEGORY_NAMES = {category_name(c): c.id for c in CATEGORIES.values()}


def pose(
    template: Template, subject: Subject, rubric: Rubric, config: ReasoningConfig,
    partner: Subject | None = None,
) -> Question | None:  # fmt: skip
    """The template's question about a photo, or None where the label does not state the answer.

    A comparative template needs a partner; the photo is A (first), the partner B (second).
    """
    if template.form == "comparative":
        return None if partner is None else _compare(template, subject, partner, config)
    if template.task == "composition":
        return _composition(template, subject, config)
    if template.task == "perspective":
        return _perspective(template, subject, config)
    if template.topic == "band":
        return _band(template, subject, config)
    if template.topic in ("strongest", "weakest"):
        return _extreme(template, subject, rubric, config)
    return _score(template, subject, rubric, config)


def _open(template: Template, truth: str, terms: tuple[str, ...], accepted: tuple[str, ...] = ()
          ) -> Question:  # fmt: skip
    form = AnswerFormat("term", terms)
    text = render(template.text, vocabulary="; ".join(terms), answer_form=answer_instruction(form))
    return Question(template, text, form, truth, truth, accepted or (truth,))


def _multiple(template: Template, choices: Choices, plain: str, wrong: tuple[str, ...]) -> Question:
    form = AnswerFormat("choice", choices.letters)
    text = render(
        template.text,
        options=choices.lines,
        letters=", ".join(choices.letters),
        answer_form=answer_instruction(form),
    )
    return Question(
        template, text, form, choices.letter, plain, (choices.letter,), choices.options,
        wrong=wrong,
    )  # fmt: skip


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
    return _multiple(template, choices, category_name(right), wrong)


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
    words = KIND_TEXTS if template.topic == "kind" else {term: term for term in terms}
    choices = choose(
        words[truth], [[words[term] for term in tier if term != truth] for tier in tiers],
        subject.id, template.key, config.seed, count=config.options,
    )  # fmt: skip
    wrong = tuple(option for option in choices.options if option != words[truth])
    return _multiple(template, choices, words[truth], wrong)


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
    form = AnswerFormat("score", names)
    truth = format_score(subject.mos, {name: subject.attributes[name] for name in names})
    text = render(
        template.text,
        rubric=rubric_lines(rubric),
        attributes=", ".join(names),
        answer_form=answer_instruction(form),
    )
    return Question(template, text, form, truth, f"{subject.mos:.2f}", (truth,))


def _band(template: Template, subject: Subject, config: ReasoningConfig) -> Question | None:
    mos = subject.mos
    if mos is None or any(abs(mos - edge) < BAND_MARGIN for edge in (0.25, 0.5, 0.75)):
        return None
    right = BANDS[min(3, int(mos * 4))]
    wrong = tuple(band for band in BANDS if band != right)
    choices = choose(right, [wrong], subject.id, template.key, config.seed, count=len(BANDS))
    return _multiple(template, choices, right, wrong)


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
    return _multiple(template, choices, words[0], wrong)


def _compare(
    template: Template, a: Subject, b: Subject, config: ReasoningConfig
) -> Question | None:
    form = AnswerFormat("choice", ("A", "B"))
    variables: dict[str, object] = {"answer_form": answer_instruction(form)}
    target = None
    if template.topic == "category":
        target, letter = _target(a, b, template, config)
        if target is not None:
            variables["target"] = category_name(CATEGORIES[target])
            variables["target_definition"] = CATEGORIES[target].definition
    else:
        letter = _winner(template.topic, a, b, config)
    if letter is None:
        return None
    return Question(
        template, render(template.text, **variables), form, letter, f"photograph {letter}",
        (letter,), partner=b, target=target,
    )  # fmt: skip


def _target(
    a: Subject, b: Subject, template: Template, config: ReasoningConfig
) -> tuple[int | None, str | None]:
    """A category that exactly one of two photos has, and that photo's letter."""
    if not a.categories or not b.categories:
        return None, None
    only = [(c, "A") for c in a.categories[:1] if c not in b.categories]
    only += [(c, "B") for c in b.categories[:1] if c not in a.categories]
    if len(only) < 2:
        return None, None
    choices = choose("0", [["1"]], a.id, b.id, template.key, config.seed, count=2)
    return only[0] if choices.letter == "A" else only[1]


def _winner(topic: str, a: Subject, b: Subject, config: ReasoningConfig) -> str | None:
    """A or B by the labels; None where a label is silent or the difference is small."""
    if topic == "kind":
        kinds = [s.label.get("perspective") for s in (a, b)]
        if any(kind not in KINDS for kind in kinds) or kinds.count("none") != 1:
            return None
        return "B" if kinds[0] == "none" else "A"
    if topic == "better":
        first, second, gap = b.mos, a.mos, config.min_mos_gap
    else:
        column = "horizon" if topic == "horizon" else "vanishing_x"
        first, second, gap = a.label.get(column), b.label.get(column), MIN_SHIFT
    if first is None or second is None or abs(first - second) < gap or first == second:
        return None
    return "A" if first < second else "B"
