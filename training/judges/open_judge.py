"""The config of a judge -> the judge, or only its name."""

from joppo.training.judges.config import JudgeConfig
from joppo.training.judges.judge import SamplingJudge
from joppo.training.judges.registry import JUDGES


def open_judge(config: JudgeConfig, store_root: str) -> SamplingJudge:
    """The judge of a config, ready to be asked.

    Raises:
        ModelFolderError: there is no such model here.
        AuthError, UnknownPriceError: a key or a price is missing.
    """
    return JUDGES.get(config.kind)(config, store_root)


def judge_name(config: JudgeConfig) -> str:
    """The name of the judge of a config; its model is not loaded.

    Raises:
        ModelFolderError: there is no such model here.
    """
    return JUDGES.get(config.kind).describe(config)
