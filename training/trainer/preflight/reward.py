"""Can the reward of a config be computed, and does its rubric agree with the snapshot's?"""

from collections.abc import Sequence

from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import JoppoConfig, TrainConfig
from joppo.training.models.rubric_check import snapshot_problems
from joppo.training.rewards.registry import RewardError, check_options
from joppo.training.trainer.examples import Row


def reward_problems(config: TrainConfig, rows: Sequence[Row]) -> list[str]:
    """Problems of the reward and the rubric; there are none in SFT, which has neither."""
    if not isinstance(config, JoppoConfig):
        return []
    prompts = (row["prompt"] for row in rows if row["task"] == "score")
    return [*_option_problems(config), *snapshot_problems(prompts, load_rubric(config.rubric))]


def _option_problems(config: JoppoConfig) -> list[str]:
    try:
        check_options(config.reward, config.reward_options)
    except RewardError as error:
        return [f"reward_options: {error}"]
    return []
