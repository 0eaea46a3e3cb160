"""`joppo compare`."""

from pathlib import Path
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
)


def compare(
    first: Annotated[Path, typer.Argument(help="A photo.")],
    second: Annotated[Path, typer.Argument(help="Another photo.")],
    judge: JudgeOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    key_env: KeyOption = None,
    config: ConfigOption = None,
    samples: SamplesOption = None,
    store: StoreOption = None,
) -> None:
    """Which of two photos a judge prefers, and how surely (several drawn answers to each)."""
    from joppo.flows.cli.actions.compare import compare_photos
    from joppo.flows.cli.actions.score import JudgeChoice, read_config

    choice = JudgeChoice(judge, endpoint, model, key_env)
    compare_photos(first, second, read_config(config, choice, samples=samples), store)
