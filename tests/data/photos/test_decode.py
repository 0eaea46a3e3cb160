"""Photo files of every accepted kind, and of every broken kind."""

import pickle
import struct
import time
import warnings
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from joppo.data.photos.decode import (
    EXTENSIONS,
    PhotoError,
    load_photo,
    perceptual_hash,
    photo_format,
)

RED, BLUE = (200, 30, 20), (20, 40, 210)


def two_tone(width=32, height=16):
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def encode(image, kind="PNG", **options) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width, height, rows=0) -> bytes:
    """A white 1-bit PNG whose header states a size and which holds that many rows."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    pack = zlib.compressobj(1)
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    pixels = b"".join(pack.compress(row) for _ in range(rows)) + pack.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def near(image, x, y, color, tolerance=12):
    return np.abs(np.asarray(image)[y, x].astype(int) - color).max() <= tolerance


def reason_of(content, **options):
    with pytest.raises(PhotoError) as error:
        load_photo(content, **options)
    assert len(error.value.detail) > 10
    return error.value.reason


@pytest.mark.parametrize("kind", EXTENSIONS)
def test_every_format_is_told_by_its_bytes_and_read(kind):
    content = encode(two_tone(), kind)
    photo = load_photo(content)
    assert photo_format(content) == kind
    assert (photo.mode, photo.size) == ("RGB", (32, 16))
    assert near(photo, 4, 8, RED) and near(photo, 28, 8, BLUE)


def test_cmyk_keeps_its_colours():
    photo = load_photo(encode(two_tone().convert("CMYK"), "JPEG", quality=95))
    assert photo.mode == "RGB" and near(photo, 4, 8, RED, 20)


def test_16_bit_grey_is_scaled_and_not_clipped():
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (4, 1))
    for kind in ("PNG", "TIFF"):
        photo = np.asarray(load_photo(encode(Image.fromarray(ramp), kind)))
        assert np.abs(photo[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_one_bit_and_grey_are_read():
    assert near(load_photo(encode(Image.new("1", (8, 8), 1))), 4, 4, (255, 255, 255), 0)
    assert near(load_photo(encode(Image.new("L", (8, 8), 90))), 4, 4, (90, 90, 90), 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_on_white(mode):
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 4, 8))
    photo = load_photo(encode(image.convert(mode)))
    assert near(photo, 1, 4, (0, 0, 0), 2) and near(photo, 6, 4, (255, 255, 255), 2)


def test_a_palette_with_a_transparent_entry_lies_on_white():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([10, 20, 30, 200, 30, 20])
    image.paste(1, (0, 0, 4, 8))
    photo = load_photo(encode(image, "GIF", transparency=0))
    assert near(photo, 1, 4, RED, 2) and near(photo, 6, 4, (255, 255, 255), 2)


@pytest.mark.parametrize(("orientation", "size"), [(1, (32, 16)), (3, (32, 16)), (6, (16, 32))])
def test_exif_rotation_is_applied(orientation, size):
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = load_photo(encode(two_tone(), "JPEG", exif=exif, quality=95))
    assert photo.size == size
    corner = {1: RED, 3: BLUE, 6: RED}[orientation]
    assert near(photo, 2, 2, corner, 20)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF"])
def test_the_first_frame_stands_for_all(kind):
    frames = [Image.new("RGB", (16, 16), color) for color in (RED, BLUE)]
    photo = load_photo(encode(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert near(photo, 8, 8, RED, 20)


def test_a_file_without_bytes_is_empty():
    assert reason_of(b"") == "empty_file"


@pytest.mark.parametrize(
    "content", [b"this is text\n", b"<svg/>", b"%PDF-1.7", b"\0" * 64, b"\xff", b"GIF", b"II"]
)
def test_what_is_no_photo_is_named_so(content):
    assert reason_of(content) == "not_an_image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_truncated_file_gives_no_half_photo(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    content = encode(noise, kind)
    assert reason_of(content[: len(content) * 2 // 3]) in ("truncated_image", "damaged_image")


def test_a_truncated_jpeg_is_called_truncated():
    content = encode(two_tone(640, 480), "JPEG")
    assert reason_of(content[: len(content) // 2]) == "truncated_image"


def test_a_huge_photo_is_refused_by_its_header_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reason_of(png(30_000, 30_000)) == "too_many_pixels"
        assert reason_of(png(10_001, 10_000)) == "too_many_pixels"
        # Within the limit: only the missing pixels are complained of, not the size.
        assert reason_of(png(10_000, 10_000)) in ("truncated_image", "damaged_image")


def test_a_whole_30000_pixel_png_is_refused_without_decoding():
    assert near(load_photo(png(64, 64, rows=64)), 9, 9, (255, 255, 255), 0)
    content = png(30_000, 30_000, rows=30_000)
    assert len(content) < 2_000_000
    start = time.perf_counter()
    assert reason_of(content) == "too_many_pixels"
    assert time.perf_counter() - start < 0.5


def test_a_gif_frame_larger_than_its_screen_is_refused():
    content = bytearray(encode(two_tone(), "GIF"))
    place = content.index(b",\0\0\0\0") + 5
    content[place : place + 4] = struct.pack("<HH", 30_000, 30_000)
    assert reason_of(bytes(content)) == "too_many_pixels"


def test_the_limit_is_width_times_height():
    content = encode(two_tone(32, 16))
    assert load_photo(content, max_pixels=512).size == (32, 16)
    assert reason_of(content, max_pixels=511) == "too_many_pixels"


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_without_a_stated_range_are_refused(mode):
    assert reason_of(encode(Image.new(mode, (8, 8)), "TIFF")) == "unsupported_pixels"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EXTENSIONS)), st.binary(max_size=200), st.integers(0, 2000))
@example("PNG", b"", 8)
def test_damage_is_a_photo_or_a_photo_error_and_nothing_else(kind, garbage, place):
    content = bytearray(encode(two_tone(), kind))
    place %= len(content)
    content[place : place + len(garbage)] = garbage
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            photo = load_photo(bytes(content), max_pixels=1_000_000)
        except PhotoError:
            return
    assert photo.mode == "RGB"


def test_near_copies_have_near_hashes():
    noise = np.random.default_rng(1).integers(0, 255, (8, 8, 3), np.uint8)
    other = np.random.default_rng(2).integers(0, 255, (8, 8, 3), np.uint8)
    photo = Image.fromarray(noise).resize((256, 256), Image.Resampling.BICUBIC)
    hashes = [
        perceptual_hash(image)
        for image in (
            photo,
            photo.resize((100, 100)),
            load_photo(encode(photo, "JPEG")),
            Image.fromarray(other).resize((256, 256)),
        )
    ]
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in hashes)
    distance = [(int(hashes[0], 16) ^ int(one, 16)).bit_count() for one in hashes]
    assert max(distance[:3]) <= 6 < distance[3]


def test_errors_cross_process_borders():
    error = pickle.loads(pickle.dumps(PhotoError("empty_file", "the file has 0 bytes")))
    assert (error.reason, str(error)) == ("empty_file", "empty_file: the file has 0 bytes")
