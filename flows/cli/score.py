"""`joppo score`."""

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


def score(
    photos: Annotated[list[str] | None, typer.Argument(help="Files, folders, patterns.")] = None,
    judge: JudgeOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    key_env: KeyOption = None,
    config: ConfigOption = None,
    out: Annotated[
        str | None, typer.Option("--out", help="Folder of tables and report; default scores.")
    ] = None,
    samples: SamplesOption = None,
    calibrated: Annotated[
        bool | None,
        typer.Option("--calibrated/--raw", help="Totals on people's scale."),
    ] = None,
    html: Annotated[bool | None, typer.Option("--html/--no-html", help="The report.")] = None,
    store: StoreOption = None,
) -> None:
    """Score, explain and rank photos; started again, it goes on where it stopped."""
    from joppo.flows.cli.actions.score import JudgeChoice, read_config, score_photos

    choice = JudgeChoice(judge, endpoint, model, key_env)
    values = {"samples": samples, "calibrated": calibrated, "html": html, "out": out}
    score_photos(read_config(config, choice, photos=photos or None, **values), store)
