"""`joppo rehearse`."""

from typing import Annotated

import typer

from joppo.flows.cli.errors import fail


def rehearse(
    profile: Annotated[str, typer.Argument(help="A folder of configs/, or one of your own.")],
    photos: Annotated[int, typer.Option(min=12, help="Photos of the corpus.")] = 48,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps of each training.")] = 2,
    usd: Annotated[
        float, typer.Option(min=0, help="Most that answers may cost, in US dollars.")
    ] = 1.0,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="Tiny models of the same classes, on any machine.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="The grounded teacher; no API is asked.")
    ] = False,
    datasets: Annotated[
        str | None, typer.Option("--datasets", help="Folder that stands for ../../datasets.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="Store root; default ./rehearsal/PROFILE.")
    ] = None,
) -> None:
    """Run the whole recipe of a profile in small, and say what the full one will take."""
    from prefect.exceptions import FailedRun

    from joppo.flows.rehearse import rehearse as run

    values = (profile, photos, steps, usd, tiny, offline, datasets, store)
    state = run(*values, return_state=True)
    if state.is_failed():
        error = state.result(raise_on_failure=False)
        if isinstance(error, Exception) and not isinstance(error, FailedRun):
            raise error
        raise fail(state.message)
