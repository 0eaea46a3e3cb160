"""`joppo reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

from joppo.flows.cli.options import ConfigArgument, PortOption, StoreOption

CONFIG = Path("configs/embedded/reproduce-paper.yaml")


def reproduce(
    config: ConfigArgument = CONFIG,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="So many seeds; default those of the config.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Of every JoPPO training; default as configured.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Trainings at a time, one per GPU.")] = 2,
    store: StoreOption = None,
    port: PortOption = 4200,
) -> None:
    """Run the paper's experiment and its ablations, over several seeds, to one report."""
    from joppo.flows.cli.actions.reproduce import reproduce as run

    run(config, seeds, steps, processes, store, port)
