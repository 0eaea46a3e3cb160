"""The photos that a person names by files, folders and patterns.

Any file name is read, with spaces, quotes, newlines or bytes that are not UTF-8. A name is shown as
it was given, with bytes that are not UTF-8 written as `\\xNN`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import escape, iglob
from pathlib import Path

from joppo.data.datasets.base import Reject
from joppo.data.datasets.folders import SUFFIXES, walk_photos
from joppo.data.photos.decode import PhotoError

STAGE = "score"


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file to look at; `name` is the path as it was given."""

    name: str
    path: Path


def find_photos(paths: Sequence[str]) -> Iterator[PhotoFile | Reject]:
    """Photos of files, folders (with theirs, hidden ones left out) and patterns (`**` recurses).

    A file that is named is taken whatever its suffix; in folders and by patterns the suffix says
    what is a photo. Each file comes once, folders in sorted order. Links to folders are not
    followed.

    Rejects: `missing_file`, `no_match`, `no_photos`, `linked_folder`, `not_a_file`.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _photos_of(path):
            if isinstance(found, Reject):
                yield found
                continue
            absolute = os.path.abspath(found.path)  # noqa: PTH100 (resolve would follow links)
            if absolute not in seen:
                seen.add(absolute)
                yield found


def read_photo(path: Path, max_bytes: int) -> bytes:
    """Bytes of a photo file.

    Raises:
        PhotoError: not_a_file, missing_image, file_too_large or unreadable_file.
    """
    try:
        if not path.is_file():
            what = "a folder or a device" if path.exists() else "a dead link, or gone since listed"
            reason = "not_a_file" if path.exists() else "missing_image"
            raise PhotoError(reason, f"there is no file to read ({what}); put the photo there")
        size = path.stat().st_size
        if size > max_bytes:
            detail = f"the file has {size:,} bytes, more than {max_bytes:,}; raise max_bytes"
            raise PhotoError("file_too_large", detail)
        return path.read_bytes()
    except OSError as error:
        detail = f"cannot be read ({error.strerror}); check the file and its permissions"
        raise PhotoError("unreadable_file", detail) from error


def shown_name(path: str | Path) -> str:
    """A path as text that every file format can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _photos_of(name: str) -> Iterator[PhotoFile | Reject]:
    path = Path(name)
    if path.is_dir():
        yield from _folder(path)
    elif os.path.lexists(path):
        yield PhotoFile(shown_name(path), path)
    elif escape(name) != name:
        yield from _pattern(name)
    else:
        detail = "there is no such file or folder; check the path"
        yield Reject(STAGE, shown_name(name), "missing_file", detail)


def _pattern(pattern: str) -> Iterator[PhotoFile | Reject]:
    found = False
    for match in sorted(iglob(pattern, recursive=True)):  # noqa: PTH207 (absolute patterns)
        path = Path(match)
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            found = True
            yield PhotoFile(shown_name(path), path)
    if not found:
        detail = "the pattern fits no photo; quote it, and check it with ls"
        yield Reject(STAGE, shown_name(pattern), "no_match", detail)


def _folder(folder: Path) -> Iterator[PhotoFile | Reject]:
    found = False
    for _, path in walk_photos(folder):
        found = True
        if path.is_dir():
            detail = "a link to a folder is not followed; name the folder itself"
            yield Reject(STAGE, shown_name(path), "linked_folder", detail)
        else:
            yield PhotoFile(shown_name(path), path)
    if not found:
        detail = f"the folder holds no photo ({', '.join(sorted(SUFFIXES))})"
        yield Reject(STAGE, shown_name(folder), "no_photos", detail)
