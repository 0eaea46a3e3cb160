"""Rewards by name and by module, with their options; what is no reward is refused."""

from dataclasses import fields
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from joppo.training.config import JoppoConfig
from joppo.training.rewards.baselines import absolute_error
from joppo.training.rewards.joint import joint_parts, relative_absolute, thurstone_fidelity
from joppo.training.rewards.options import JointRewardConfig
from joppo.training.rewards.registry import REWARDS, RewardError, call_reward, check_options
from joppo.training.runs.run_folder import run_id
from tests.training.rewards.reward_cases import random_batch

CONFIG = JointRewardConfig("image", 0.3, gamma=1e-3, conditional_weight=0.7)
OWN = """
import torch
def nearness(scores, attributes, mos, config, power=1.0):
    found = 1 - (scores.nan_to_num(0.0) - mos[:, None]).abs() ** power
    return found.where(~scores.isnan(), 0.0), {"light": attributes[..., 0].nan_to_num(0.0)}
def flat(scores, attributes, mos, config):
    return scores.flatten()
def holes(scores, attributes, mos, config):
    return scores / 0
def none(scores, attributes, mos, config):
    return None
constant = 3
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_rewards_of_test.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)


def test_the_built_in_rewards_are_the_functions() -> None:
    batch = random_batch(5, 4, 3, seed=2)
    scores, _, mos = batch
    parts = joint_parts(*batch, CONFIG)
    wanted = {
        "joppo": parts.reward,
        "thurstone": thurstone_fidelity(scores, mos, 1e-3),
        "absolute": absolute_error(scores, mos),
        "relative_absolute": relative_absolute(scores, mos, gamma=1e-3),
    }
    assert sorted(wanted) == REWARDS.names
    for name, expected in wanted.items():
        found, logged = call_reward(name, *batch, CONFIG, {})
        assert torch.equal(found, expected)
        assert sorted(logged) == (["conditional", "thurstone"] if name == "joppo" else [])
    _, logged = call_reward("joppo", *batch, JointRewardConfig(conditional_weight=0.0), {})
    assert list(logged) == ["thurstone"]


def test_options_reach_the_reward() -> None:
    scores, attributes, mos = random_batch(5, 4, 3, seed=2)
    wide, _ = call_reward("absolute", scores, attributes, mos, CONFIG, {"threshold": 0.5})
    assert torch.equal(wide, absolute_error(scores, mos, 0.5))
    check_options("absolute", {"threshold": 0.5})
    with pytest.raises(RewardError, match="thresold"):
        check_options("absolute", {"thresold": 0.5})


@pytest.mark.usefixtures("own")
def test_a_reward_of_ones_own() -> None:
    scores, attributes, mos = random_batch(5, 4, 3, seed=2)
    scores[1, 2] = torch.nan
    name = "own_rewards_of_test:nearness"
    check_options(name, {"power": 2})
    found, parts = call_reward(name, scores, attributes, mos, CONFIG, {"power": 2})
    assert found[1, 2] == 0 and found[0, 0] == 1 - (scores[0, 0] - mos[0]) ** 2
    assert torch.equal(parts["light"], attributes[..., 0])


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "words"), [("flat", r"\(20,\)"), ("holes", "not finite"), ("none", "NoneType")]
)
def test_what_is_no_reward_is_refused(name: str, words: str) -> None:
    with pytest.raises(RewardError, match=words):
        call_reward(f"own_rewards_of_test:{name}", *random_batch(5, 4, 3, seed=2), CONFIG, {})


@pytest.mark.usefixtures("own")
def test_a_config_names_rewards_that_there_are() -> None:
    assert JoppoConfig(reward="own_rewards_of_test:flat").reward == "own_rewards_of_test:flat"
    with pytest.raises(ValidationError, match="there are: absolute, joppo, relative_absolute"):
        JoppoConfig(reward="own_rewards_of_test:missing")
    with pytest.raises(RewardError, match="not a callable"):
        check_options("own_rewards_of_test:constant", {})


def test_options_are_part_of_a_run_where_there_are_some() -> None:
    plain = JoppoConfig(reward="absolute")
    assert "reward_options" not in plain.recipe()
    wide = JoppoConfig(reward="absolute", reward_options={"threshold": 0.5})
    assert wide.recipe()["reward_options"] == {"threshold": 0.5}
    assert run_id("joppo", wide, "v1", "p1") != run_id("joppo", plain, "v1", "p1")


def test_the_config_has_every_option_of_the_joint_reward() -> None:
    assert JoppoConfig().joint == JointRewardConfig()
    values = {"covariance": "batch", "shrinkage": "oas", "ridge": 0.1, "gamma": 0.2}
    values |= {"conditional_weight": 0.3}
    assert set(values) == {field.name for field in fields(JointRewardConfig)}
    assert JoppoConfig.model_validate(values).joint == JointRewardConfig(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        {"covariance": "diagonal"},
        {"shrinkage": 1.5},
        {"shrinkage": "lasso"},
        {"ridge": 1e-13},
        {"gamma": -1.0},
        {"conditional_weight": 1.1},
    ],
)
def test_the_config_has_the_ranges_of_the_joint_reward(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JoppoConfig.model_validate(bad)
