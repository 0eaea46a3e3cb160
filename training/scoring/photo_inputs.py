"""Photos to score, as a caller has them: paths, file bytes, or images that are open already."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import STAGE, PhotoFile, find_photos, read_photo
from joppo.data.photos.decode import PhotoError

PhotoInput = str | Path | bytes | Image.Image
"""a file, a folder or a pattern; or the bytes of a file; or a Pillow image of any mode"""


@dataclass(frozen=True, slots=True)
class PhotoInMemory:
    """The bytes of a photo file that need not be on any disk."""

    name: str
    content: bytes = field(repr=False)


Photo = PhotoFile | PhotoInMemory


def find_inputs(photos: PhotoInput | Iterable[PhotoInput]) -> Iterator[Photo | Reject]:
    """The photos of all inputs, in order, one at a time.

    A path gives what `find_photos` finds there. Bytes and images have no name of their own and are
    called `photo 1`, `photo 2`, ... by their position among the inputs.
    """
    several = [photos] if isinstance(photos, str | Path | bytes | Image.Image) else photos
    for number, photo in enumerate(several, start=1):
        name = f"photo {number}"
        if isinstance(photo, bytes):
            yield PhotoInMemory(name, photo)
        elif isinstance(photo, Image.Image):
            yield _from_image(photo, name)
        else:
            yield from find_photos([str(photo)])


def content_of(photo: Photo, max_bytes: int) -> bytes:
    """File bytes of a photo.

    Raises:
        PhotoError: not_a_file, missing_image, file_too_large or unreadable_file.
    """
    if isinstance(photo, PhotoInMemory):
        return photo.content
    return read_photo(photo.path, max_bytes)


def _from_image(image: Image.Image, name: str) -> PhotoInMemory | Reject:
    """The image as a TIFF without loss: of all formats it keeps the most of Pillow's modes."""
    out = io.BytesIO()
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            upright = upright.convert("RGBA")
        upright.save(out, "TIFF")
    except (OSError, ValueError, SyntaxError) as error:
        broken = PhotoError("damaged_image", f"the image cannot be read ({error}); open it anew")
        return Reject(STAGE, name, broken.reason, broken.detail)
    return PhotoInMemory(name, out.getvalue())
