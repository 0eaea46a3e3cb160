"""The wording files of the offline teacher, and the version of all words together."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from joppo.data.store.hashing import content_hash

WORDING = Path(__file__).parent / "wording"
COMPOSER_VERSION = 1  # raise it when the way of composing changes


@cache
def wording(name: str) -> Any:
    """Content of `wording/<name>.yaml`."""
    return yaml.safe_load((WORDING / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def wording_version() -> str:
    """Hash of the composer and all wording files: other words are another teacher."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(WORDING.glob("*.yaml"))]
    return content_hash(COMPOSER_VERSION, texts)[:12]
