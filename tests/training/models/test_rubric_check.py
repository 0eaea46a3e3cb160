"""A judge, a snapshot and a config that mean different rubrics are told apart."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.questions.prompts import score_prompt
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Order, Rubric, load_rubric
from joppo.training.evaluation.judges import named_judge
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.models.rubric_check import (
    RubricMismatchError,
    check_judge,
    rubric_of_prompt,
    rubric_of_snapshot,
    snapshot_problems,
)
from joppo.training.scoring.config import ScoringConfig
from tests.training.models.model_folders import write_run_json

PHOTOGRAPHY = load_rubric()
QUALITY = Rubric(name="quality", attributes={"noise": "freedom from noise", "focus": "sharp"})
REWORDED = Rubric(name="photography", attributes={**PHOTOGRAPHY.attributes, "color": "hues"})

words = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), min_size=1)
rubrics = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), words.filter(str.strip), max_size=6
)


@settings(deadline=None, derandomize=True)
@given(rubrics, st.sampled_from(["total_first", "attributes_first"]))
def test_a_prompt_states_its_rubric(attributes: dict[str, str], order: Order) -> None:
    # Without attributes there is nothing that the total could stand after.
    rubric = Rubric(
        name="unnamed", attributes=attributes, order=order if attributes else "total_first"
    )
    assert rubric_of_prompt(score_prompt(rubric)) == rubric


def test_rubrics_of_another_order_differ() -> None:
    last = PHOTOGRAPHY.model_copy(update={"order": "attributes_first"})
    found = rubric_of_prompt(score_prompt(last))
    assert found is not None and found.order == "attributes_first"
    assert snapshot_problems([score_prompt(last)], PHOTOGRAPHY) != []
    assert snapshot_problems([score_prompt(last)], last) == []


def test_a_built_in_rubric_is_known_by_its_name() -> None:
    assert rubric_of_prompt(score_prompt(PHOTOGRAPHY)) == PHOTOGRAPHY
    assert rubric_of_prompt("Which of A and B?") is None


def test_a_snapshot_has_the_rubric_of_all_its_prompts() -> None:
    one, other = score_prompt(PHOTOGRAPHY), score_prompt(QUALITY)
    assert rubric_of_snapshot([one, one]) == PHOTOGRAPHY
    assert rubric_of_snapshot([one, other]) is None
    assert rubric_of_snapshot([]) is None
    assert snapshot_problems([one, one], PHOTOGRAPHY) == []
    (problem,) = snapshot_problems([one, other], PHOTOGRAPHY)
    assert "noise, focus" in problem and "composition, color" in problem
    assert snapshot_problems([score_prompt(REWORDED)], PHOTOGRAPHY) != []


def _judge(folder: Path, rubric: Rubric | None) -> str:
    return str(write_run_json(folder, rubric=rubric, scored=rubric is not None))


@pytest.mark.parametrize("trained", [QUALITY, REWORDED])
def test_a_judge_is_asked_by_its_own_rubric_alone(tmp_path: Path, trained: Rubric) -> None:
    judge = _judge(tmp_path, trained)
    check_judge(judge, trained)
    words = rf"judge .* trained on rubric {trained.name} .*config's is rubric photography"
    with pytest.raises(RubricMismatchError, match=words):
        check_judge(judge, PHOTOGRAPHY)
    local = LocalJudgeConfig(model=judge)
    with pytest.raises(RubricMismatchError, match=words):
        ScoringConfig(judge=local, rubric=PHOTOGRAPHY).load_rubric()
    assert ScoringConfig(judge=local).load_rubric() == trained
    assert ScoringConfig(judge=local, rubric=trained).load_rubric() == trained
    with pytest.raises(RubricMismatchError, match=words):
        named_judge(judge, LocalJudgeConfig(), Store(tmp_path), rubric=PHOTOGRAPHY)


def test_nothing_is_known_of_other_models(tmp_path: Path) -> None:
    check_judge("embedded", QUALITY)
    check_judge("org/no-such-model", QUALITY)
    check_judge("no: name", QUALITY)
    check_judge(str(tmp_path), QUALITY)
    check_judge(_judge(tmp_path, None), QUALITY)
