"""The content of a judge's weights as one hash."""

import hashlib
from pathlib import Path

from joppo.data.store.hashing import sha256


def model_digest(folder: Path) -> str:
    """Content hash of a judge's weights: what a run that starts from it names as its parent."""
    names = sorted(folder.glob("*.safetensors"))
    if not names:
        raise FileNotFoundError(f"no weights (*.safetensors) in {folder}")
    return sha256("".join(map(_file_digest, names)).encode())


def _file_digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
