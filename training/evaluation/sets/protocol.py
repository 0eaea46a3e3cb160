"""A set under the protocol attributes-to-total: attributes first, then the total in sight of them.

The photos are those that the set would have anyway. Beside them go validation photos, on which the
total is fitted as a regression on the judge's attributes; no photo of the set is among them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from joppo.data.questions.prompts import score_form, score_prompt
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.evaluation.config import SetConfig
from joppo.training.evaluation.items import (
    ATTRIBUTES_TO_TOTAL,
    SCORE,
    EvaluationSet,
    Item,
    distinct,
)

Read = Callable[[SetConfig, bool], EvaluationSet]
"""the set of a config, and whether it may be empty"""


def attributes_to_total(config: SetConfig, rubric: Rubric, read: Read) -> EvaluationSet:
    """The set of a config whose protocol is attributes_to_total.

    Args:
        read: reads the set as if its protocol were `total`.

    Raises:
        Exception: what `read` raises of a set that cannot be read or holds no score.
    """
    scores = config.model_copy(update={"tasks": (SCORE,)})
    one = read(scores, False)
    items, rejects = distinct(list(_asked(one.items, rubric)))
    validation = _validation_config(scores)
    found = None if validation is None else read(validation, True)
    if found is not None:
        own = {item.image_id for item in items}
        others, _ = distinct(list(_asked(found.items, rubric)))
        others = [item for item in others if item.image_id not in own]
        found = replace(found, items=others) if others else None
    return replace(one, items=items, rejects=[*one.rejects, *rejects], validation=found)


def _asked(items: Sequence[Item], rubric: Rubric) -> Iterator[Item]:
    last = rubric.model_copy(update={"order": "attributes_first"})
    prompt, form = score_prompt(last), score_form(last)
    for item in items:
        if item.task == SCORE:
            yield replace(item, task=ATTRIBUTES_TO_TOTAL, prompt=prompt, form=form)


def _validation_config(config: SetConfig) -> SetConfig | None:
    """Where photos for the regression come from; None where there are none beside the set's own."""
    limit = min(config.validation_limit, config.limit or config.validation_limit)
    values = {"name": f"{config.name}.validation", "limit": limit}
    if config.scenes is not None:
        scenes = config.validation_scenes
        return None if scenes is None else config.model_copy(update={**values, "scenes": scenes})
    if config.split in ("validation", "all"):
        return None
    return config.model_copy(update={**values, "split": "validation"})
