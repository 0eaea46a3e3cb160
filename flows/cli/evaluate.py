"""`joppo evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from joppo.flows.cli.options import ConfigArgument, StoreOption

CONFIG = Path("configs/embedded/evaluate-judge.yaml")


def evaluate(
    config: ConfigArgument = CONFIG,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help="In place of the config's: embedded, latest-sft, latest-joppo, a model folder.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for a copy.")] = None,
    store: StoreOption = None,
) -> None:
    """Judge photos with known truth, and print how well judges agree with people."""
    from joppo.flows.cli.actions.evaluate import show_evaluation

    show_evaluation(config, judge or (), store, out)
