"""Photo files of every kind that a folder may hold."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms


def save(path: Path, image: Image.Image, **values: object) -> Path:
    image.save(path, **values)
    return path


def flat(value: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("RGB", size, (max(10, value), value, value))


def good_photos(folder: Path) -> list[Path]:
    """Photos that must be scored, though Pillow gives them all kinds of modes."""
    folder.mkdir(parents=True, exist_ok=True)
    base = flat(128)
    deep = np.linspace(20_000, 50_000, 40 * 30, dtype=np.uint16).reshape(30, 40)
    turned = Image.Exif()
    turned[0x0112] = 6
    frames = [flat(100), flat(200)]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return [
        save(folder / "plain.jpg", base, icc_profile=profile),
        save(folder / "cmyk.jpg", base.convert("CMYK")),
        save(folder / "deep.png", Image.fromarray(deep)),
        save(folder / "deep.tif", Image.fromarray(deep)),
        save(folder / "palette.png", base.quantize(4)),
        save(folder / "palette.gif", base.quantize(4)),
        save(folder / "grey.png", base.convert("L")),
        save(folder / "clear.png", Image.new("RGBA", (40, 30), (90, 90, 90, 128))),
        save(folder / "turned.jpg", flat(128, (60, 20)), exif=turned),
        save(folder / "moving.gif", frames[0], save_all=True, append_images=frames[1:]),
        save(folder / "moving.webp", frames[0], save_all=True, append_images=frames[1:]),
        save(folder / "bits.bmp", base.convert("1")),
        save(folder / "a png.jpg", base, format="PNG"),
        save(folder / "one pixel.png", flat(128, (1, 1))),
        save(folder / "thin.png", flat(128, (2000, 2))),
    ]


def bad_photos(folder: Path) -> dict[Path, str]:
    """Photos that cannot be scored, with the reason that must be told."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole, "JPEG")
    cut = whole.getvalue()[:1500]
    huge = io.BytesIO()
    Image.new("1", (60_000, 2_000)).save(huge, "PNG")
    contents = {
        "empty.jpg": (b"", "empty_file"),
        "cut.jpg": (cut, "truncated_image"),
        "text.jpg": (b"<html>not a photo</html>", "not_an_image"),
        "huge.png": (huge.getvalue(), "too_many_pixels"),
    }
    found = {}
    for name, (content, reason) in contents.items():
        (folder / name).write_bytes(content)
        found[folder / name] = reason
    (folder / "dead.jpg").symlink_to(folder / "nothing")
    return found | {folder / "dead.jpg": "missing_image"}
