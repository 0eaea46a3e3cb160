"""The judges of a config: what each one is called, and how it is opened.

A name is known without loading a model, so that stored answers are found first and a model is
loaded only where something is left to ask.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
from joppo.training.models.model_folder import finished
from joppo.training.models.rubric_check import (
    RubricMismatchError,
    check_judge,
    describe_rubric,
    same_rubric,
)
from joppo.training.trainer.prepare import ModelNotFoundError, runs_folder

Stage = Literal["sft", "joppo"]
LATEST: dict[str, Stage] = {"latest-sft": "sft", "latest-joppo": "joppo"}
_MAKES = {
    "sft": "run train-sft (`prefect deployment run train-sft`)",
    "joppo": "run train-joppo (`prefect deployment run train-joppo`)",
}


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


def table_question(config: EvaluateConfig, store: Store) -> ScoreQuestion:
    """The score question to all judges of a table: by the rubric that they were trained on.

    Judges of one table are asked the same, or their figures could not be compared.

    Raises:
        RubricMismatchError: two judges, or a judge and the config, mean different rubrics.
        PromptMismatchError: two judges were trained on different words.
        ModelNotFoundError, ModelFolderError: a judge is not there.
    """
    asked: dict[str, ScoreQuestion] = {}
    for spec in config.judges:
        judge, label = _found(spec, config.local, store)
        about = judge_about(judge)
        if about is not None and about.rubric is not None:
            asked[label] = score_question(judge, config.rubric)
    for label, question in asked.items():
        first, of_first = next(iter(asked.items()))
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
    return next(iter(asked.values()), plain_question(config.rubric))


def _found(
    spec: str | JudgeConfig, local: LocalJudgeConfig, store: Store
) -> tuple[JudgeConfig, str]:
    """The config of a judge, `latest-…` replaced by the folder it leads to, and its label."""
    config = named_judge_config(spec, local) if isinstance(spec, str) else spec
    label = config.label
    if isinstance(config, LocalJudgeConfig) and config.model in LATEST:
        folder = latest_model(LATEST[config.model], store)
        config = config.model_copy(update={"model": str(folder)})
    return config, label


def latest_model(stage: Stage, store: Store) -> Path:
    """The model folder of the run of a stage that was finished last in this store.

    Raises:
        ModelNotFoundError: there is none, or it is not whole.
    """
    try:
        run = store.read_bytes(f"runs/latest-{stage}").decode().strip()
    except FileNotFoundError as error:
        raise ModelNotFoundError(
            f"no finished {stage} run in store {store.root}: {_MAKES[stage]}, or take "
            f"`latest-{stage}` out of judges"
        ) from error
    folder = (runs_folder(store) / run / "model").absolute()
    if not finished(folder):
        raise ModelNotFoundError(
            f"{folder} is not a whole model: {_MAKES[stage]} again, or set JOPPO_RUNS to the "
            "folder that holds the runs of this store"
        )
    return folder
