"""The photo as a teacher sees it: reduced and encoded again.

Encoding again drops every byte of metadata (EXIF, XMP, comments, text chunks), so that text hidden
in a file cannot reach a model, and locations or names in it cannot leave the machine.
"""

import io
from dataclasses import replace

from PIL import Image

from joppo.data.photos.decode import load_photo
from joppo.data.photos.thumbnail import Resampling, encode_jpeg, thumbnail
from joppo.data.teachers.base import ImageRef, TeacherRequest


def encode(content: bytes, size: int, quality: int = 90) -> bytes:
    """A JPEG of the photo with its long side at most `size` pixels; never enlarged.

    The same bytes in give the same bytes out. Raises `data.photos.PhotoError` for a file that is
    not a readable photo.
    """
    return encode_jpeg(thumbnail(load_photo(content), size, Resampling.LANCZOS), quality)


def reduce_photos(request: TeacherRequest) -> TeacherRequest:
    """The request with its photos as they are sent, by its params image_size and jpeg_quality.

    With an image_size of None they are sent as they are: whoever asks has encoded them.
    """
    size, quality = request.params["image_size"], request.params["jpeg_quality"]
    if size is None:
        return replace(request, images=tuple(_loaded(image) for image in request.images))
    reduced = []
    for image in request.images:
        jpeg = encode(image.load(), size, quality)
        reduced.append(ImageRef(image.image_id, lambda jpeg=jpeg: jpeg))  # type: ignore[misc]
    return replace(request, images=tuple(reduced))


def _loaded(image: ImageRef) -> ImageRef:
    content = image.load()
    return ImageRef(image.image_id, lambda: content)


def media_type(content: bytes) -> str:
    """MIME type of a photo that is sent: PNG or JPEG."""
    return "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"


def size_of(content: bytes) -> tuple[int, int]:
    """(width, height) in pixels; only the header is read."""
    with Image.open(io.BytesIO(content)) as image:
        return image.size
