"""`joppo labels`."""

from pathlib import Path
from typing import Annotated

import typer


def labels(
    kind: Annotated[str, typer.Argument(help="Reader: picd, cadb, aadb, para, ava, ...")],
    path: Annotated[Path, typer.Argument(help="The dataset's label file or folder.")],
    images: Annotated[
        Path | None, typer.Option("--images", help="Folder of its photos; reads them all.")
    ] = None,
) -> None:
    """Say what is in a label file and, with --images, which of its photos can be used."""
    from joppo.flows.cli.actions.labels import show_labels

    show_labels(kind, path, images)
