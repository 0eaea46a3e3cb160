"""Can every photo of the training rows be read?"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store

_READERS = 8
_NAMED = 5
"""unreadable photos that a message names, at most"""


def photo_problems(
    rows: Sequence[dict[str, Any]], store: Store, progress: Callable[[int, int], None]
) -> list[str]:
    """Photos of the training rows that are missing or damaged; every photo is read.

    A photo is named by the hash of its bytes and was decoded when it came into the store, so a
    photo with these bytes can be read; one with another name is decoded.
    """
    uris = sorted({u for row in rows for u in (row["uri"], row.get("second_uri")) if u})
    bad: list[str] = []
    with ThreadPoolExecutor(_READERS) as pool:
        for number, fault in enumerate(pool.map(lambda uri: _fault(store, uri), uris), start=1):
            progress(number, len(uris))
            if fault:
                bad.append(fault)
    if not bad:
        return []
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return [
        f"{len(bad)} of {len(uris)} photos in store {store.root} cannot be read "
        f"({', '.join(bad[:_NAMED])}{more}): put them back or publish a snapshot without them"
    ]


def _fault(store: Store, uri: str) -> str | None:
    try:
        content = store.read_bytes(uri)
    except FileNotFoundError:
        return f"{uri} is missing"
    if sha256(content) == Path(uri).stem:
        return None
    try:
        load_photo(content)
    except PhotoError as error:
        return f"{uri} is damaged ({error})"
    return None
