"""What a judge was trained on is how it is asked; a config that says otherwise is refused."""

import shutil
from pathlib import Path

import pytest

from joppo.data.questions.prompts import score_prompt
from joppo.data.taxonomy.rubrics import Rubric, load_rubric
from joppo.training.judges.config import EndpointJudgeConfig, LocalJudgeConfig, endpoint_values
from joppo.training.judges.local_model import describe, load
from joppo.training.judges.score_question import plain_question, score_question
from joppo.training.models.base_model import EMBEDDED_JUDGE
from joppo.training.models.pixels import PixelMismatchError
from joppo.training.models.rubric_check import RubricMismatchError
from joppo.training.scoring.config import ScoringConfig
from tests.training.models.model_folders import write_run_json

QUALITY = Rubric(name="quality", attributes={"noise": "freedom from noise", "focus": "sharp"})
PIXELS = 3136


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole model that was trained on photos of at most `PIXELS` pixels, by another rubric."""
    place = tmp_path / "model"
    shutil.copytree(EMBEDDED_JUDGE, place)
    return write_run_json(place, rubric=QUALITY, max_pixels=PIXELS)


def test_pixels_are_those_of_the_training(folder: Path) -> None:
    open_config = LocalJudgeConfig(model=str(folder))
    assert load(open_config)[1].image_processor.size["longest_edge"] == PIXELS
    same = LocalJudgeConfig(model=str(folder), max_pixels=PIXELS)
    assert describe(same) == describe(open_config)
    other = LocalJudgeConfig(model=str(folder), max_pixels=4900)
    for ask in (describe, load):
        with pytest.raises(PixelMismatchError, match=r"at most 3,136 pixels.*max_pixels is 4,900"):
            ask(other)


def test_a_plain_model_takes_those_of_the_config() -> None:
    plain, small = LocalJudgeConfig(), LocalJudgeConfig(max_pixels=PIXELS)
    assert describe(plain) != describe(small)
    assert load(small)[1].image_processor.size["longest_edge"] == PIXELS


def test_rubric_prompt_and_form_are_those_of_the_training(folder: Path) -> None:
    question = ScoringConfig(judge=LocalJudgeConfig(model=str(folder))).question()
    assert question.rubric == QUALITY and question.form.names == ("noise", "focus")
    assert question.prompt == score_prompt(QUALITY)
    write_run_json(folder, rubric=QUALITY, max_pixels=PIXELS, prompt="Earlier words.")
    assert ScoringConfig(judge=LocalJudgeConfig(model=str(folder))).question().prompt == (
        "Earlier words."
    )
    assert ScoringConfig().question() == plain_question(load_rubric())


def test_a_served_judge_is_asked_by_its_rubric_too(folder: Path) -> None:
    served = EndpointJudgeConfig.model_validate(endpoint_values("http://h/v1", folder=str(folder)))
    assert score_question(served).rubric == QUALITY
    with pytest.raises(RubricMismatchError, match=r"quality.*photography"):
        score_question(served, "photography")
    foreign = EndpointJudgeConfig.model_validate(endpoint_values("http://h/v1", "m"))
    assert score_question(foreign, QUALITY).rubric == QUALITY
