import io

import pytest
from PIL import Image

from joppo.data.photos.thumbnail import encode_jpeg, thumbnail


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((400, 300), (100, 75)),
        ((300, 400), (75, 100)),
        ((100, 40), (100, 40)),
        ((7, 5), (7, 5)),
        ((5000, 3), (100, 1)),
    ],
)
def test_the_long_side_is_bounded_and_nothing_is_enlarged(size, expected):
    photo = Image.new("RGB", size)
    small = thumbnail(photo, 100)
    assert small.size == expected
    assert photo.size == size and small is not photo


def test_a_jpeg_carries_no_comment_of_its_photo():
    photo = Image.new("RGB", (16, 16), (200, 30, 20))
    photo.info["comment"] = b"who took it, and where"
    with Image.open(io.BytesIO(encode_jpeg(photo, 90))) as image:
        assert image.format == "JPEG" and "comment" not in image.info
        assert not image.getexif()
