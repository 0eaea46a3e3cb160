"""The texts that the reasoning stage works with, as one version."""

from collections.abc import Sequence
from pathlib import Path

from joppo.data.store.hashing import SHORT, content_hash

_DATA = Path(__file__).parents[1]
FOLDERS = (
    _DATA / "questions" / "templates",
    _DATA / "teachers" / "grounded" / "wording",
    _DATA / "reasoning" / "checks",
    _DATA / "taxonomy" / "rubrics",
)
_SUFFIXES = {".yaml", ".j2"}


def texts_version(folders: Sequence[Path] = FOLDERS) -> str:
    """Short content hash of templates, wording, lexicons and rubrics, by file name and content."""
    texts = [
        [folder.name, path.name, path.read_text(encoding="utf-8")]
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.suffix in _SUFFIXES
    ]
    return content_hash(texts)[:SHORT]
