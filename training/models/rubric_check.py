"""Whether a judge, a snapshot and a config mean the same rubric.

Four configs name a rubric: that of the build, of JoPPO, of the evaluation and of scoring. They meet
where a snapshot is trained on and where a judge is asked. A snapshot states its rubric in the
prompts of its scored photos; a judge states it in `run.json`, whose `rubric` is that of the
snapshot it was trained on. Rubrics are the same when their attributes and descriptions are, in the
same order; their names are not compared.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from joppo.data.questions.answer_format import TOTAL
from joppo.data.store.hashing import content_hash
from joppo.data.taxonomy.rubrics import Order, Rubric, built_in_rubrics, load_rubric
from joppo.training.models.base_model import RUN_FILE, resolve_base

_ANSWER_FORM = re.compile(r"<answer>((?:\w+: value)(?:, \w+: value)*)</answer>", re.ASCII)
_ATTRIBUTE = re.compile(r"^- ([a-z][a-z0-9_]*): (.+)$", re.MULTILINE)


class RubricMismatchError(ValueError):
    """Two rubrics meet that differ; the message names both and what to change."""


def check_judge(model: str, rubric: Rubric) -> None:
    """Whether a judge was trained on this rubric.

    Nothing is checked of a model that was not trained here: it has no `run.json`, or an old one.

    Args:
        model: a model folder, a hub id, or `embedded`.

    Raises:
        RubricMismatchError: it was trained on another one.
    """
    run_file = _run_file(model)
    values = json.loads(run_file.read_text(encoding="utf-8")) if run_file else {}
    if not values.get("rubric"):
        return
    trained = Rubric.model_validate(values["rubric"])
    if not _same(trained, rubric):
        raise RubricMismatchError(
            f"judge {model} was trained on {_describe(trained)}, and the config's is "
            f"{_describe(rubric)}: set `rubric` to that of the judge, or take another judge"
        )


def snapshot_problems(prompts: Iterable[str], rubric: Rubric) -> list[str]:
    """Whether the prompts of a snapshot's scored photos ask for this rubric; else the problem."""
    for prompt in dict.fromkeys(prompts):
        asked = rubric_of_prompt(prompt)
        if asked is None or not _same(asked, rubric):
            found = _describe(asked) if asked else "no rubric"
            return [
                f"the snapshot asks for scores by {found}, and the config's is "
                f"{_describe(rubric)}: set `rubric` to that of the build (reasoning.rubric), or "
                "build a snapshot with this one"
            ]
    return []


def rubric_of_snapshot(prompts: Iterable[str]) -> Rubric | None:
    """The rubric that a snapshot's scored photos are judged by, or None if it is not one alone."""
    found = [rubric_of_prompt(prompt) for prompt in dict.fromkeys(prompts)]
    first = found[0] if found else None
    if first is None or not all(one is not None and _same(one, first) for one in found):
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
    return next((one for one in known if _same(one, rubric)), rubric)


def _run_file(model: str) -> Path | None:
    """`run.json` of a model on this machine, in its folder or in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    folder = Path(resolve_base(model))
    if folder.is_dir():
        return folder / RUN_FILE if (folder / RUN_FILE).is_file() else None
    try:
        cached = try_to_load_from_cache(model, RUN_FILE)
    except HFValidationError:  # no hub id either: whoever opens the judge says so
        return None
    return Path(cached) if isinstance(cached, str) else None


def _same(one: Rubric, other: Rubric) -> bool:
    return (one.order, list(one.attributes.items())) == (
        other.order,
        list(other.attributes.items()),
    )


def _describe(rubric: Rubric) -> str:
    """Name and attributes, and a digest, without which two of the same names would look alike."""
    names = ", ".join(rubric.names) or "no attributes"
    digest = content_hash({**rubric.as_dict(), "name": None})[:8]
    return f"rubric {rubric.name} ({names}; content {digest})"
