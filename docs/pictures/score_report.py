"""The pictures of docs/scoring.md: a report as a desktop and a phone show it.

joppo score PHOTOS
python -m docs.pictures.score_report scores/report.html     # needs chromium
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from docs.pictures.browser import open_browser, save_picture
from docs.pictures.ui_pages import FIGURES

QUALITY = 80
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 1000}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 1.5,
}


def make_pictures(report: Path, folder: Path = FIGURES) -> list[Path]:
    """Write `score-report.jpg`, `score-report-phone.jpg` and return their paths."""
    views = {folder / "score-report.jpg": DESKTOP, folder / "score-report-phone.jpg": PHONE}
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        png = Path(scratch, "picture.png")
        for out, view in views.items():
            page = browser.new_page(**view)
            page.goto(report.resolve().as_uri())
            save_picture(page, png)
            _write_jpeg(png, out)
    return list(views)


def _write_jpeg(png: Path, out: Path) -> None:
    from PIL import Image

    out.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(png) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    for path in make_pictures(Path(sys.argv[1])):
        print(path)
