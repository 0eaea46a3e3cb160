"""Small copies of photos for people and for models that charge by the pixel."""

import io

from PIL import Image

Resampling = Image.Resampling


def thumbnail(
    photo: Image.Image, side: int, resampling: Resampling = Resampling.BICUBIC
) -> Image.Image:
    """A copy whose long side is at most `side` pixels; a smaller photo keeps its size."""
    scale = side / max(photo.size)
    if scale >= 1:
        return photo.copy()
    width, height = (max(1, round(length * scale)) for length in photo.size)
    return photo.resize((width, height), resampling, reducing_gap=2.0)


def encode_jpeg(photo: Image.Image, quality: int) -> bytes:
    """JPEG bytes of an RGB image without metadata; `quality` is Pillow's, from 1 to 95."""
    out = io.BytesIO()
    # Pillow would take over a comment that the photo's own file had.
    photo.save(out, "JPEG", quality=quality, comment=b"")
    return out.getvalue()
