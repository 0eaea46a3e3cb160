"""Which judge an entry of the config means, and what is said where it is missing."""

from pathlib import Path
from typing import Any

import pytest

from joppo.data.questions.prompts import score_prompt
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric, load_rubric
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.judges import (
    PromptMismatchError,
    SameJudgeError,
    latest_model,
    named_judge,
    named_judges,
    table_of,
)
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.local_model import ModelFolderError
from joppo.training.judges.score_question import ScoreQuestion
from joppo.training.models.pixels import PixelMismatchError
from joppo.training.models.rubric_check import RubricMismatchError
from joppo.training.runs.checkpoints import seal
from joppo.training.trainer.prepare import ModelNotFoundError
from tests.training.models.model_folders import write_run_json

LOCAL = LocalJudgeConfig()
QUALITY = Rubric(name="quality", attributes={"noise": "freedom from noise", "focus": "sharp"})


def finish(store: Store, stage: str, run: str, weights: bytes = b"w", **facts: Any) -> Path:
    """A folder that looks like a finished model of a stage."""
    folder = Path(store.root) / "runs" / run / "model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    write_run_json(folder, run=run, **facts)
    seal(folder)
    store.write_bytes(f"runs/latest-{stage}", f"{run}\n".encode())
    return folder


def test_latest_means_the_run_that_was_finished_last(tmp_path: Path) -> None:
    store = Store(tmp_path)
    finish(store, "sft", "sft-1")
    first = named_judge("latest-sft", LOCAL, store)
    folder = finish(store, "sft", "sft-2", b"other")
    second = named_judge("latest-sft", LOCAL, store)
    assert (first.label, first.name.split("@")[0]) == ("latest-sft", "sft-1")
    assert second.name.split("@")[0] == "sft-2" and latest_model("sft", store) == folder
    assert named_judge(str(folder), LOCAL, store).name == second.name


@pytest.mark.parametrize("stage", ["sft", "joppo"])
def test_a_missing_stage_is_named_with_what_makes_it(tmp_path: Path, stage: str) -> None:
    with pytest.raises(ModelNotFoundError, match=f"train-{stage}"):
        named_judge(f"latest-{stage}", LOCAL, Store(tmp_path))


def test_a_model_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = finish(store, "joppo", "joppo-1")
    (folder / "model.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelNotFoundError, match="not a whole model"):
        named_judge("latest-joppo", LOCAL, store)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="no model"):
        named_judge(str(tmp_path / "nowhere"), LOCAL, Store(tmp_path))


def test_what_shapes_answers_is_part_of_the_name(tmp_path: Path) -> None:
    store = Store(tmp_path)
    plain = named_judge("embedded", LOCAL, store)
    longer = named_judge("embedded", LocalJudgeConfig(max_new_tokens=7), store)
    faster = named_judge("embedded", LocalJudgeConfig(batch=7), store)
    assert plain.name != longer.name and plain.name == faster.name
    assert named_judge("embedded", LOCAL, store, samples=4).name == f"{plain.name}*4"


def test_one_judge_under_two_names_is_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = finish(store, "sft", "sft-1")
    with pytest.raises(SameJudgeError, match="latest-sft"):
        named_judges(["latest-sft", str(folder)], LOCAL, store)


def config_of(judges: list[Any], **values: Any) -> EvaluateConfig:
    sets = [{"name": "s", "snapshot": "latest"}]
    return EvaluateConfig.model_validate({"judges": judges, "sets": sets, **values})


def question_of(config: EvaluateConfig, store: Store) -> ScoreQuestion:
    return table_of(config, store).question


def test_all_judges_of_a_table_are_asked_by_the_rubric_they_were_trained_on(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    first = finish(store, "sft", "sft-1", rubric=QUALITY)
    second = finish(store, "joppo", "joppo-1", b"other", rubric=QUALITY)
    asked = question_of(config_of(["embedded", str(first), "latest-joppo"]), store)
    assert asked.rubric == QUALITY and asked.prompt == score_prompt(QUALITY)
    assert question_of(config_of(["embedded"]), store).rubric.name == "photography"
    assert question_of(config_of(["embedded"], rubric=QUALITY.as_dict()), store).rubric == QUALITY
    with pytest.raises(RubricMismatchError, match=r"sft-1.* quality .* rubric photography"):
        question_of(config_of([str(first)], rubric="photography"), store)
    write_run_json(second, run="joppo-1", rubric=load_rubric())
    with pytest.raises(RubricMismatchError, match=r"rubric quality .* rubric photography"):
        question_of(config_of([str(first), str(second)]), store)
    write_run_json(second, run="joppo-1", rubric=QUALITY, prompt="Other words.")
    with pytest.raises(PromptMismatchError, match="different words"):
        question_of(config_of([str(first), str(second)]), store)
    alone = question_of(config_of(["embedded", str(second)]), store)
    assert alone.prompt == "Other words."


def test_pixels_of_a_config_are_for_models_that_know_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = finish(store, "sft", "sft-1")
    same, other = LocalJudgeConfig(max_pixels=4900), LocalJudgeConfig(max_pixels=9800)
    assert named_judge(str(folder), same, store) is not None
    with pytest.raises(PixelMismatchError, match=r"4,900 pixels.* 9,800"):
        named_judge(str(folder), other, store)
    assert named_judge("embedded", other, store).name != named_judge("embedded", same, store).name


def test_a_plain_model_sees_photos_as_the_trained_judges_of_its_table(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = finish(store, "sft", "sft-1", max_pixels=3136)
    pixels = table_of(config_of(["embedded", str(first)]), store).local.max_pixels
    assert pixels == 3136
    said = table_of(config_of(["embedded", str(first)], local={"max_pixels": 4900}), store)
    assert said.local.max_pixels == 4900  # refused by the judge that was trained otherwise
    assert table_of(config_of(["embedded"]), store).local.max_pixels is None
    second = finish(store, "joppo", "joppo-1", b"other", max_pixels=1568)
    both = table_of(config_of([str(first), str(second)]), store)
    assert both.local.max_pixels is None
    assert named_judge(str(second), both.local, store) is not None


def test_the_limit_of_the_processor_is_said_or_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    own = LocalJudgeConfig(max_pixels=4900)  # what the embedded judge's processor states
    assert named_judge("embedded", own, store).name == named_judge("embedded", LOCAL, store).name
