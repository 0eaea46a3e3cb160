"""The question that asks a judge for a score: by its own rubric, in the words it was trained on.

A trained judge brings both in its model folder (`training.models.about`). Any other judge is asked
by the config's rubric, in the words of this version of the project.
"""

from dataclasses import dataclass

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.prompts import score_form, score_prompt
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.taxonomy.rubrics import DEFAULT, Rubric, load_rubric
from joppo.training.judges.config import EndpointJudgeConfig, JudgeConfig, LocalJudgeConfig
from joppo.training.models.about import About, find_about
from joppo.training.models.rubric_check import check_judge


@dataclass(frozen=True)
class ScoreQuestion:
    """What is asked about every photo, and by which rubric."""

    rubric: Rubric
    prompt: str

    @property
    def form(self) -> AnswerFormat:
        """The form of the answer: a total and the rubric's attributes."""
        return score_form(self.rubric)

    @property
    def prompt_id(self) -> str:
        """Short hash (16 hex) of the prompt, under which scores are kept."""
        return content_hash("prompt", self.prompt)[:SHORT]


def plain_question(rubric: str | Rubric | None = None) -> ScoreQuestion:
    """The question to a judge that brings none of its own; None is the default rubric."""
    content = load_rubric(rubric or DEFAULT)
    return ScoreQuestion(content, score_prompt(content))


def score_question(judge: JudgeConfig, rubric: str | Rubric | None = None) -> ScoreQuestion:
    """The question that asks a judge for a score.

    Args:
        rubric: that of a config; None leaves it to the judge.

    Raises:
        RubricMismatchError: the judge was trained on another rubric than the config's.
    """
    model, about = model_of(judge), judge_about(judge)
    if model is not None and rubric is not None:
        check_judge(model, load_rubric(rubric))
    if about is None or about.rubric is None or about.prompt is None:
        return plain_question(rubric)
    return ScoreQuestion(about.rubric, about.prompt)


def judge_about(judge: JudgeConfig) -> About | None:
    """What a judge knows about itself; None for a judge that was not trained here."""
    model = model_of(judge)
    return None if model is None else find_about(model)


def model_of(judge: JudgeConfig) -> str | None:
    """The model folder, or hub id, that a judge's config names; None where it names none."""
    return judge.model if isinstance(judge, LocalJudgeConfig | EndpointJudgeConfig) else None
