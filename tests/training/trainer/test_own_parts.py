"""A reward and a rubric from outside the package, through two steps of JoPPO."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scene_corpus import BRIEF, build
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import NEW, JoppoConfig
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.models.base_model import read_lineage
from joppo.training.models.rubric_check import RubricMismatchError
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.scoring.config import ScoringConfig
from joppo.training.trainer.preflight import PreflightError, before_launch
from joppo.training.trainer.prepare import prepare, write_spec

pytestmark = pytest.mark.timeout(900)

REWARD = """
def closeness(scores, attributes, mos, config, scale=1.0):
    parsed = ~scores.isnan()
    distance = (scores.nan_to_num(0.0) - mos[:, None]).abs()
    rewards = (1 - scale * distance).where(parsed, 0.0)
    return rewards, {"gamma": rewards.new_full(rewards.shape, config.gamma)}
"""
RUBRIC = """
name: street
attributes:
  composition: how people stand to each other and to the street
  light: shadows that tell the hour
"""
JOPPO: dict[str, Any] = {
    "adapter": NEW,
    "base": "embedded",
    "lora": {"rank": 4, "alpha": 4},
    "photos": 4,
    "group": 2,
    "per_device_batch": 8,
    "max_steps": 2,
    "save_steps": 2,
    "bf16": False,
    "gradient_checkpointing": False,
    "max_completion_length": 64,
    "task_weights": {"score": 1},
    "eval_rows": 0,
    "launch": {"cpu": True},
    "reward": "street_rewards:closeness",
    "reward_options": {"scale": 0.5},
    "gamma": 0.25,
    "rubric": "street.yaml",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of somebody who has a reward and a rubric there."""
    (tmp_path / "street_rewards.py").write_text(REWARD)
    (tmp_path / "street.yaml").write_text(RUBRIC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_reward_and_a_rubric_of_ones_own_are_trained_with(folder: Path) -> None:
    store = Store(folder / "store")
    values = BRIEF.as_dict() | {"rubric": "street.yaml"}
    scenes = SceneSourceConfig(per_category=1, size=64)
    build(store, scenes, ReasoningConfig.model_validate(values))

    with pytest.raises(PreflightError, match=r"rubric unnamed \(composition, light;.*photography"):
        before_launch(prepare(JoppoConfig.model_validate(JOPPO | {"rubric": "photography"}), store))
    with pytest.raises(PreflightError, match=r"reward_options: .*'scales'"):
        wrong = JOPPO | {"reward_options": {"scales": 1}}
        before_launch(prepare(JoppoConfig.model_validate(wrong), store))

    run = prepare(JoppoConfig.model_validate(JOPPO), store)
    before_launch(run)
    command = [sys.executable, "-m", "joppo.training.trainer.run", str(write_spec(run))]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    logged = {(row["name"], row["step"]): row["value"] for row in read_metrics(store, run.id)}
    assert logged["reward_gamma", 1] == logged["reward_gamma", 2] == 0.25
    about = read_lineage(run.model)
    assert about is not None and about["config"]["reward_options"] == {"scale": 0.5}
    assert about["rubric"] == load_rubric("street.yaml").as_dict()
    assert json.dumps(about["config"]).find("street.yaml") < 0

    judge = LocalJudgeConfig(model=str(run.model))
    assert ScoringConfig(judge=judge, rubric="street.yaml").load_rubric().name == "street"
    assert ScoringConfig(judge=judge).load_rubric().name == "street"
    with pytest.raises(RubricMismatchError, match=r"rubric street .*rubric photography"):
        ScoringConfig(judge=judge, rubric="photography").load_rubric()
    continued = JOPPO | {"adapter": str(run.model), "rubric": "photography"}
    with pytest.raises(RubricMismatchError, match=r"rubric street .*rubric photography"):
        prepare(JoppoConfig.model_validate(continued), store)
