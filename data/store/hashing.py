"""Content hashes: the only source of ids and cache keys in the project.

Ids never hold a run id, a time or an absolute path, so the same inputs give the same ids on any
machine.
"""

import hashlib
import json
from typing import Any

SHORT = 16


def sha256(content: bytes) -> str:
    """Hex sha256 of raw bytes; the id of a photo is this over its file bytes."""
    return hashlib.sha256(content).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; NaN is refused because it has no JSON form.

    Raises:
        ValueError: the value holds NaN or an infinity.
        TypeError: the value is not JSON-able.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def content_hash(*values: Any) -> str:
    """Hex sha256 (64 characters) of JSON-able values, independent of key order."""
    return sha256(canonical_json(values).encode())


def unit_interval(*values: Any) -> float:
    """A number in [0, 1) that depends only on the values: for seeded, stateless choices."""
    return int(content_hash(*values)[:13], 16) / 16**13
