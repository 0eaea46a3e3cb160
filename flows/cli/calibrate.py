"""`joppo calibrate`."""

from typing import Annotated

import typer

from joppo.flows.cli.options import (
    ConfigOption,
    EndpointOption,
    JudgeOption,
    KeyOption,
    ModelOption,
    SamplesOption,
    StoreOption,
    VersionOption,
)


def calibrate(
    judge: JudgeOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    key_env: KeyOption = None,
    config: ConfigOption = None,
    samples: SamplesOption = None,
    version: VersionOption = None,
    split: Annotated[str, typer.Option(help="Split with human scores, or `all`.")] = "validation",
    store: StoreOption = None,
) -> None:
    """Fit a judge's totals to people's scores, for `joppo score --calibrated`."""
    from joppo.flows.cli.actions.calibrate import calibrate_judge
    from joppo.flows.cli.actions.score import JudgeChoice, read_config

    choice = JudgeChoice(judge, endpoint, model, key_env)
    calibrate_judge(read_config(config, choice, samples=samples), store, version, split)
