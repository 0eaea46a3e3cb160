"""`joppo labels`."""

from pathlib import Path
from typing import Annotated

import typer


def labels(
    kind: Annotated[str, typer.Argument(help="Reader: picd, cadb, aadb, para, ava, ...")],
    path: Annotated[Path, typer.Argument(help="The dataset's label file or folder.")],
) -> None:
    """Read a label file, no images needed, and say what is in it."""
    from joppo.flows.cli.actions.labels import show_labels

    show_labels(kind, path)
