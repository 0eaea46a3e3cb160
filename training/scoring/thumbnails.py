"""Small pictures of scored photos, kept in the store under the photo's hash."""

import io
from typing import Any

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.store import Store

SIDE = 320
QUALITY = 82


def thumbnail_uri(image_id: str) -> str:
    """Place of a photo's thumbnail."""
    return f"thumbnails/{image_id[:2]}/{image_id}.jpg"


def keep_thumbnail(store: Store, image_id: str, photo: Any) -> None:
    """Keep a JPEG of an opened photo, at most `SIDE` pixels on the long side.

    Raises:
        StoreError: the store cannot be written.
    """
    small = photo.copy() if max(photo.size) <= SIDE else _reduced(photo, SIDE)
    store.write_bytes(thumbnail_uri(image_id), _jpeg(small, QUALITY))


def thumbnail(store: Store, image_id: str, side: int) -> bytes | None:
    """The kept JPEG, reduced to at most `side` pixels; None where there is none."""
    try:
        kept = store.read_bytes(thumbnail_uri(image_id))
    except FileNotFoundError:
        return None
    if side >= SIDE:
        return kept
    try:
        return _jpeg(_reduced(load_photo(kept), side), QUALITY - 8)
    except PhotoError:  # damaged in the store: as good as none, the photo itself is at hand
        return None


def _reduced(photo: Any, side: int) -> Any:
    from PIL import Image

    scale = side / max(photo.size)
    size = tuple(max(1, round(length * scale)) for length in photo.size)
    return photo.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0) if scale < 1 else photo


def _jpeg(photo: Any, quality: int) -> bytes:
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=quality)
    return out.getvalue()
