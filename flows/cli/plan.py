"""`joppo plan`."""

from pathlib import Path
from typing import Annotated

import typer

from joppo.flows.cli.errors import fail


def plan(
    config: Annotated[
        Path | None, typer.Argument(help="YAML of configs/, or your own: plan this build.")
    ] = None,
    dry_run: Annotated[
        Path | None, typer.Option("--dry-run", help="Folder for ten prompts to read.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Folder of configs/: plan its whole recipe, with GPUs."),
    ] = None,
    photos: Annotated[
        int | None, typer.Option("--photos", min=1, help="With --profile: another size.")
    ] = None,
    assume: Annotated[
        Path | None, typer.Option("--assume", help="With --profile: YAML of values to change.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="With --profile: page whose tables to renew.")
    ] = None,
) -> None:
    """What a build would take (requests, dollars, hours, disk), or a whole recipe (--profile)."""
    from joppo.flows.cli.actions.plan_build import show_plan
    from joppo.flows.cli.actions.plan_capacity import show_capacity

    if (config is None) == (profile is None):
        raise fail("give either a config (one build) or --profile (the whole recipe)")
    if config is not None and (photos, assume, page) != (None, None, None):
        raise fail("--photos, --assume and --page go with --profile, not with a config")
    if profile is not None and dry_run is not None:
        raise fail("--dry-run goes with a config: prompts are made from its photos")
    if profile is not None:
        show_capacity(profile, photos, assume, page)
    elif config is not None:
        show_plan(config, dry_run)
