"""A judge's config -> the judge, or just its name."""

from joppo.training.judges.config import EndpointJudgeConfig, LocalJudgeConfig
from joppo.training.judges.judge import SamplingJudge


def open_judge(config: LocalJudgeConfig | EndpointJudgeConfig, store_root: str) -> SamplingJudge:
    """The judge of a config, ready to be asked.

    Raises:
        ModelFolderError: there is no such model here.
        AuthError, UnknownPriceError: a key or a price is missing.
    """
    if isinstance(config, EndpointJudgeConfig):
        from joppo.training.judges.endpoint import EndpointJudge

        return EndpointJudge(config, store_root)
    from joppo.training.judges.local import LocalJudge

    return LocalJudge(config)


def judge_name(config: LocalJudgeConfig | EndpointJudgeConfig) -> str:
    """The name that the judge of a config has, without loading it.

    Raises:
        ModelFolderError: there is no such model here.
    """
    if isinstance(config, EndpointJudgeConfig):
        from joppo.training.judges import endpoint

        return endpoint.describe(config)
    from joppo.training.judges import local_model

    return local_model.describe(config)
