"""Local files and folders that appear whole or not at all: written aside, then renamed."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """A hidden path in the folder of `path`, to write a file or a folder to.

    When the block ends, what was written takes the name `path`, replacing a file (or an empty
    folder) of that name in one step. If the block raises, nothing is left and `path` is as it was.
    The hidden name keeps the suffix, and the folder of `path` is created where it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that the rename stays on one file system.
    aside = path.with_name(f".{uuid.uuid4().hex}.{path.name}")
    try:
        yield aside
        aside.replace(path)
    finally:
        if aside.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink(missing_ok=True)


def replace_folder(aside: Path, target: Path) -> None:
    """Rename a finished folder to `target`, in place of an older folder with its files."""
    shutil.rmtree(target, ignore_errors=True)
    aside.rename(target)
