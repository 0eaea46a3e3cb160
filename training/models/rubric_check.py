"""Whether a judge, a snapshot and a config mean the same rubric.

The configs of the build and of JoPPO name a rubric; those of evaluation and scoring may leave it
out and then take the judge's. They meet where a snapshot is trained on and where a judge is asked.
A snapshot states its rubric in the prompts of its scored photos; a judge states it in `run.json`,
whose `rubric` is that of the snapshot it was trained on. Rubrics are the same when their content
is, in the same order; their names are not compared.
"""

import re
from collections.abc import Iterable
from typing import Any

from joppo.data.questions.answer_format import TOTAL
from joppo.data.store.hashing import content_hash
from joppo.data.taxonomy.rubrics import Order, Rubric, built_in_rubrics, load_rubric
from joppo.training.models.about import find_about

_ANSWER_FORM = re.compile(r"<answer>((?:\w+: value)(?:, \w+: value)*)</answer>", re.ASCII)
_ATTRIBUTE = re.compile(r"^- ([a-z][a-z0-9_]*): (.+)$", re.MULTILINE)


class RubricMismatchError(ValueError):
    """Two rubrics meet that differ; the message names both and what to change."""


def check_judge(model: str, rubric: Rubric) -> None:
    """Whether a judge was trained on this rubric.

    Nothing is checked of a model that was not trained here, or on no scores.

    Args:
        model: a model folder, a hub id, or `embedded`.

    Raises:
        RubricMismatchError: it was trained on another one.
    """
    about = find_about(model)
    if about is not None and about.rubric is not None and not same_rubric(about.rubric, rubric):
        raise RubricMismatchError(
            f"judge {model} was trained on {describe_rubric(about.rubric)}, and the config's is "
            f"{describe_rubric(rubric)}: leave `rubric` out, which takes that of the judge, or "
            "take another judge"
        )


def snapshot_problems(prompts: Iterable[str], rubric: Rubric) -> list[str]:
    """Whether the prompts of a snapshot's scored photos ask for this rubric; else the problem."""
    for prompt in dict.fromkeys(prompts):
        asked = rubric_of_prompt(prompt)
        if asked is None or not same_rubric(asked, rubric):
            found = describe_rubric(asked) if asked else "no rubric"
            return [
                f"the snapshot asks for scores by {found}, and the config's is "
                f"{describe_rubric(rubric)}: set `rubric` to that of the build "
                "(reasoning.rubric), or build a snapshot with this one"
            ]
    return []


def rubric_of_snapshot(prompts: Iterable[str]) -> Rubric | None:
    """The rubric that a snapshot's scored photos are judged by, or None if it is not one alone."""
    found = [rubric_of_prompt(prompt) for prompt in dict.fromkeys(prompts)]
    first = found[0] if found else None
    if first is None or not all(one is not None and same_rubric(one, first) for one in found):
        return None
    return first


def rubric_of_prompt(prompt: str) -> Rubric | None:
    """The rubric that a prompt asks for scores by, or None where it asks for none.

    It has the name of the built-in rubric with the same content, else the name `unnamed`.
    """
    form = _ANSWER_FORM.search(prompt)
    if form is None:
        return None
    items = [item.partition(":")[0] for item in form[1].split(", ")]
    if TOTAL not in items:
        return None
    names = [item for item in items if item != TOTAL]
    order: Order = "attributes_first" if items.index(TOTAL) else "total_first"
    described = dict(_ATTRIBUTE.findall(prompt))
    if not set(names) <= set(described):
        return None
    rubric = Rubric(name="unnamed", attributes={n: described[n] for n in names}, order=order)
    known = (load_rubric(name) for name in built_in_rubrics())
    return next((one for one in known if same_rubric(one, rubric)), rubric)


def same_rubric(one: Rubric, other: Rubric) -> bool:
    """Whether two rubrics have the same content in the same order, whatever they are called."""
    return _content(one) == _content(other)


def _content(rubric: Rubric) -> dict[str, Any]:
    """All but the name; attributes are a list of pairs, so that their order counts."""
    return {key: value for key, value in rubric.as_dict().items() if key != "name"}


def describe_rubric(rubric: Rubric) -> str:
    """Name and attributes, and a digest, without which two of the same names would look alike."""
    names = ", ".join(rubric.names) or "no attributes"
    digest = content_hash(_content(rubric))[:8]
    return f"rubric {rubric.name} ({names}; content {digest})"
