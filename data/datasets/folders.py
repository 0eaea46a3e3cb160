"""The photos in a folder, none of them outside of it."""

import os
from collections.abc import Iterator
from pathlib import Path

from joppo.data.datasets.base import DatasetFormatError, Reject
from joppo.data.datasets.cells import shown, unsafe_path

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp"}


def list_photos(folder: Path) -> Iterator[tuple[str, Path] | Reject]:
    """(name relative to the folder, path) of every photo by suffix, sorted; hidden ones are left.

    Rejects: `unsafe_path` for a link that leads out of the folder or a name without UTF-8 form,
    `linked_folder` for a link to a folder, which is not followed, `not_a_file` for a dead link.

    Raises:
        DatasetFormatError: there is no such folder, or no photo in it.
    """
    if not folder.is_dir():
        raise DatasetFormatError(folder, "there is no such folder", "Check the path of the images")
    root, empty = folder.resolve(), True
    for name, path in walk_photos(folder):
        empty = False
        if unsafe_path(name):
            detail = "the name has no portable form; rename it in plain UTF-8 letters"
            yield Reject("read", shown(name), "unsafe_path", detail)
        elif path.is_dir():
            detail = "a link to a folder is not followed; copy the folder, or make it the source"
            yield Reject("read", name, "linked_folder", detail)
        elif path.is_symlink() and not path.resolve().is_relative_to(root):
            detail = "a link that leads out of the image folder; copy the file into the folder"
            yield Reject("read", name, "unsafe_path", detail)
        elif not path.is_file():
            yield Reject("read", name, "not_a_file", "a dead link or a device; put the file there")
        else:
            yield name, path
    if empty:
        problem = f"holds no photo ({', '.join(sorted(SUFFIXES))})"
        raise DatasetFormatError(folder, problem, "Put the photos there, or name another folder")


def walk_photos(folder: Path) -> Iterator[tuple[str, Path]]:
    """(name, path) of photos and linked folders; os.walk does not enter the latter."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(parent, name).is_symlink()]
        photos = [
            name
            for name in sorted(files)
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
        for name in [*links, *photos]:
            path = Path(parent, name)
            yield path.relative_to(folder).as_posix(), path
