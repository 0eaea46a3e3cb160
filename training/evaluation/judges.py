"""The judges of a config: what each one is called, and how it is opened.

A name is known without loading a model, so that stored answers are found first and a model is
loaded only where something is left to ask.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.judges.config import JudgeConfig, LocalJudgeConfig, named_judge_config
from joppo.training.judges.judge import Judge
from joppo.training.judges.mean import mean_judge, mean_name
from joppo.training.judges.open_judge import judge_name, open_judge
from joppo.training.judges.score_question import (
    ScoreQuestion,
    judge_about,
    model_of,
    plain_question,
    score_question,
)
from joppo.training.models.rubric_check import (
    RubricMismatchError,
    check_judge,
    describe_rubric,
    same_rubric,
)
from joppo.training.trainer.latest import LATEST, found_model, latest_model

__all__ = [
    "LATEST",
    "NamedJudge",
    "PromptMismatchError",
    "SameJudgeError",
    "Table",
    "latest_model",
    "named_judge",
    "named_judges",
    "table_of",
]


class PromptMismatchError(ValueError):
    """Judges of one table were trained on different score questions; the message names both."""


class SameJudgeError(ValueError):
    """Two judges of a config are one; the message names both."""


@dataclass(frozen=True)
class NamedJudge:
    """A judge that may be opened. `label` is what the config calls it, `name` says its version."""

    label: str
    name: str
    open: Callable[[], Judge]


def named_judges(
    specs: Sequence[str | JudgeConfig],
    local: LocalJudgeConfig,
    store: Store,
    samples: int = 0,
    rubric: Rubric | None = None,
) -> list[NamedJudge]:
    """The judges of a config, in its order; see `named_judge`.

    Raises:
        SameJudgeError: two entries are one judge.
    """
    found: dict[str, NamedJudge] = {}
    for spec in specs:
        judge = named_judge(spec, local, store, samples, rubric)
        first = found.setdefault(judge.name, judge)
        if first is not judge:
            raise SameJudgeError(
                f"judges {first.label} and {judge.label} are the same model {judge.name}: "
                "take one of them out"
            )
    return list(found.values())


def named_judge(
    spec: str | JudgeConfig,
    local: LocalJudgeConfig,
    store: Store,
    samples: int = 0,
    rubric: Rubric | None = None,
) -> NamedJudge:
    """The judge that a config's entry means; see `mean_judge` for `samples`.

    Args:
        rubric: by which it is asked for scores; None where it is asked for none.

    Raises:
        RubricMismatchError: it was trained on another rubric.
        ModelNotFoundError: nothing was finished by the stage that makes it; the message names it.
        ModelFolderError: no such model on this machine.
    """
    config, label = _found(spec, local, store)
    model = model_of(config)
    if model is not None and rubric is not None:
        check_judge(model, rubric)
    name = mean_name(judge_name(config), samples)
    return NamedJudge(label, name, lambda: mean_judge(open_judge(config, store.root), samples))


@dataclass(frozen=True)
class Table:
    """What all judges of a config have in common, so that their figures can be compared."""

    question: ScoreQuestion
    """the score question to all of them"""
    local: LocalJudgeConfig
    """the config's `local`; where it leaves `max_pixels` out, models that were not trained here see
    photos as the judges do that were"""


def table_of(config: EvaluateConfig, store: Store) -> Table:
    """Rubric, words and pixels of a table, from the judges in it that were trained here.

    Raises:
        RubricMismatchError: two judges, or a judge and the config, mean different rubrics.
        PromptMismatchError: two judges were trained on different words.
        ModelNotFoundError, ModelFolderError: a judge is not there.
    """
    asked: dict[str, ScoreQuestion] = {}
    pixels = set()
    for spec in config.judges:
        judge, label = _found(spec, config.local, store)
        about = judge_about(judge)
        if about is not None:
            pixels.add(about.max_pixels)
        if about is not None and about.rubric is not None:
            asked[label] = score_question(judge, config.rubric)
    local = config.local
    if local.max_pixels is None and len(pixels) == 1:
        local = local.model_copy(update={"max_pixels": pixels.pop()})
    return Table(_common(asked) or plain_question(config.rubric), local)


def _common(asked: Mapping[str, ScoreQuestion]) -> ScoreQuestion | None:
    """The one question of several judges, by label; None where there are none."""
    if not asked:
        return None
    first, of_first = next(iter(asked.items()))
    for label, question in asked.items():
        if not same_rubric(question.rubric, of_first.rubric):
            raise RubricMismatchError(
                f"judge {first} was trained on {describe_rubric(of_first.rubric)}, and judge "
                f"{label} on {describe_rubric(question.rubric)}: evaluate them apart"
            )
        if question.prompt != of_first.prompt:
            raise PromptMismatchError(
                f"judges {first} and {label} were trained on the same rubric in different words "
                f"(prompts {of_first.prompt_id} and {question.prompt_id}): evaluate them apart"
            )
    return of_first


def _found(
    spec: str | JudgeConfig, local: LocalJudgeConfig, store: Store
) -> tuple[JudgeConfig, str]:
    """The config of a judge, `latest-…` replaced by the folder it leads to, and its label."""
    config = named_judge_config(spec, local) if isinstance(spec, str) else spec
    label = config.label
    if isinstance(config, LocalJudgeConfig):
        config = config.model_copy(update={"model": found_model(config.model, store)})
    return config, label
