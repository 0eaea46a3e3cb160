"""Comparative questions: two photos of one dataset and split, A and B."""

from collections.abc import Sequence

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.choices import choose
from joppo.data.questions.prompts import answer_instruction
from joppo.data.questions.question import Question, Subject, category_name
from joppo.data.questions.template_pool import Template, render
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.store.hashing import content_hash
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import KINDS

MIN_SHIFT = 0.15
"""Least distance of two positions that are compared, as a fraction of the frame."""
PARTNERS_TRIED = 8


def compare_with_first(
    template: Template, a: Subject, others: Sequence[Subject], config: ReasoningConfig
) -> Question | None:
    """A comparison of `a` with the first of the other photos that suits, or None.

    The search starts at a content hash in the circle of image ids, so that a photo that is added to
    the shard changes few partners; at most `PARTNERS_TRIED` are tried.
    """
    start = content_hash("partner", a.id, template.key, config.seed)
    partners = [b for b in others if _comparable(a, b)]
    partners.sort(key=lambda b: (b.id < start, b.id))
    questions = (compare(template, a, b, config) for b in partners[:PARTNERS_TRIED])
    return next((question for question in questions if question is not None), None)


def _comparable(a: Subject, b: Subject) -> bool:
    """Same dataset and split, both real or both synthetic, and no relatives.

    A photo and what was synthesized from it share their layout, so there is nothing to compare.
    """
    family = {a.id, a.image.get("parent_image_id")} - {None}
    return (
        not family & {b.id, b.image.get("parent_image_id")}
        and a.image.get("split") == b.image.get("split")
        and a.label.get("dataset") == b.label.get("dataset")
        and a.synthetic == b.synthetic
    )


def compare(template: Template, a: Subject, b: Subject, config: ReasoningConfig) -> Question | None:
    """The template's question about photos A (first) and B; None if the labels do not answer it.

    Positions and scores must differ clearly, kinds of perspective and categories must differ.
    """
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
        template,
        text=render(template.text, **variables),
        form=form,
        truth=letter,
        meaning=f"photograph {letter}",
        accepted=(letter,),
        partner=b,
        target=target,
    )


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
    """A or B by the labels; None where one does not state it or the difference is small."""
    if topic == "kind":
        kinds = [a.perspective, b.perspective]
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
