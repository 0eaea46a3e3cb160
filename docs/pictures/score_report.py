"""The pictures of docs/scoring.md: a report as a desktop and a phone show it.

joppo score PHOTOS
python -m docs.pictures.score_report scores/report.html     # needs chromium
"""

import io
import sys
import tempfile
from pathlib import Path

from docs.pictures.browser import Browser
from docs.pictures.ui_pages import FIGURES

QUALITY = 80
DESKTOP = (1280, 1000)
PHONE = (390, 844)


def make_pictures(report: Path, folder: Path = FIGURES) -> list[Path]:
    """Write `score-report.jpg`, `score-report-phone.jpg` and return their paths."""
    wide, narrow = folder / "score-report.jpg", folder / "score-report-phone.jpg"
    with tempfile.TemporaryDirectory() as aside, Browser() as browser:
        taken = Path(aside, "picture.png")
        browser.size(*DESKTOP)
        browser.open(report.resolve().as_uri())
        browser.picture(taken)
        _jpeg(taken, wide)
        browser.size(*PHONE, phone=True, scale=1.5)
        browser.open(report.resolve().as_uri())
        browser.picture(taken)
        _jpeg(taken, narrow)
    return [wide, narrow]


def _jpeg(png: Path, out: Path) -> None:
    from PIL import Image

    content = io.BytesIO()
    with Image.open(png) as picture:
        picture.convert("RGB").save(content, "JPEG", quality=QUALITY, optimize=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content.getvalue())


if __name__ == "__main__":
    for path in make_pictures(Path(sys.argv[1])):
        print(path)
