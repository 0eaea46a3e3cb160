"""`joppo serve`."""

from typing import Annotated

import typer

from joppo.flows.cli.options import StoreOption


def serve(
    model: Annotated[
        str, typer.Argument(help="Model folder (adapter or merged), latest-sft or latest-joppo.")
    ],
    more: Annotated[
        list[str] | None,
        typer.Argument(help="Options of vLLM, after `--`: joppo serve MODEL -- --port 9000"),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Start vLLM; otherwise the command is printed.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """The vLLM command that serves a trained judge as it was trained, under its weights' name."""
    from joppo.flows.cli.actions.serve import serve_judge

    serve_judge(model, more or [], run, store)
