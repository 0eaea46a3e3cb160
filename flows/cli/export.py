"""`joppo export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from joppo.flows.cli.options import StoreOption, VersionOption


class Layout(StrEnum):
    """What the exported folder is for."""

    hf = "hf"


class ExportedTable(StrEnum):
    """Tables that make a dataset."""

    sft_samples = "sft_samples"
    preferences = "preferences"


def export(
    out: Annotated[Path, typer.Argument(help="Folder to write; it must be new or empty.")],
    to: Annotated[Layout, typer.Option("--to", help="hf: Hugging Face datasets.")] = Layout.hf,
    tables: Annotated[
        list[ExportedTable],
        typer.Option("--table", help="Table; may be repeated, each then has its own sub-folder."),
    ] = [ExportedTable.sft_samples],  # noqa: B006 (typer reads it, nobody changes it)
    version: VersionOption = None,
    store: StoreOption = None,
) -> None:
    """Write training tables with their photos as dataset folders for other tools."""
    from joppo.flows.cli.actions.export import export_tables

    for folder in export_tables(out, [table.value for table in tables], version, store):
        typer.echo(f'{folder}: open it with datasets.load_dataset("{folder}")')
