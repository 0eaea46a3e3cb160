"""Small pictures of scored photos, kept in the store under the photo's hash."""

from PIL.Image import Image, Resampling

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.photos.thumbnail import encode_jpeg, thumbnail
from joppo.data.store.store import Store

SIDE = 320
QUALITY = 82


def thumbnail_uri(image_id: str) -> str:
    """Place of a photo's thumbnail."""
    return f"thumbnails/{image_id[:2]}/{image_id}.jpg"


def keep_thumbnail(store: Store, image_id: str, photo: Image) -> None:
    """Keep a JPEG of an opened photo, at most `SIDE` pixels on the long side.

    Raises:
        StoreError: the store cannot be written.
    """
    small = thumbnail(photo, SIDE, Resampling.BILINEAR)
    store.write_bytes(thumbnail_uri(image_id), encode_jpeg(small, QUALITY))


def kept_thumbnail(store: Store, image_id: str, side: int) -> bytes | None:
    """The kept JPEG, reduced to at most `side` pixels; None where there is none."""
    try:
        kept = store.read_bytes(thumbnail_uri(image_id))
    except FileNotFoundError:
        return None
    if side >= SIDE:
        return kept
    try:
        small = thumbnail(load_photo(kept), side, Resampling.BILINEAR)
        return encode_jpeg(small, QUALITY - 8)
    except PhotoError:  # damaged in the store: as good as none, the photo itself is at hand
        return None
