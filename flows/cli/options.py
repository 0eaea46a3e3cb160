"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import typer

ConfigArgument = Annotated[Path, typer.Argument(help="YAML of configs/, or your own.")]
StoreOption = Annotated[
    str | None, typer.Option("--store", help="Store root; default $JOPPO_STORE or ./store.")
]
PortOption = Annotated[int, typer.Option("--port", help="Port of server and UI.")]
VersionOption = Annotated[
    str | None, typer.Option("--version", help="Snapshot; default the latest.")
]

# The judge of score, compare and calibrate.
JudgeOption = Annotated[
    str | None,
    typer.Option(
        "--judge",
        help="Model folder (adapter or whole), hub id on this machine, or `embedded`; with "
        "--endpoint, the folder of the judge that `joppo serve` serves there.",
    ),
]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint", help="Base URL of an OpenAI-compatible server.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="Model name at the endpoint, of a model not ours.")
]
KeyOption = Annotated[
    str | None, typer.Option("--key-env", help="Environment variable with the endpoint's key.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="YAML such as configs/embedded/score-photos.yaml.")
]
SamplesOption = Annotated[
    int | None, typer.Option("--samples", min=0, help="Drawn answers per photo; 0 is greedy.")
]
