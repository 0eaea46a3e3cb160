"""A headless Chromium, driven by Playwright: for pictures of pages, and for tests of pages.

    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(path.as_uri())
        save_picture(page, out)

It is the system's Chromium: Playwright downloads none.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
_IMAGES_LOADED = """
    // Lazy images load when they come near the window.
    () => [...document.images].every(
        i => i.complete || i.getBoundingClientRect().top >= innerHeight
    )
"""


class NoBrowserError(RuntimeError):
    """There is no Chromium on this machine; the message names the remedy."""


def find_chromium() -> str:
    """Path of the system's Chromium.

    Raises:
        NoBrowserError: there is none.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise NoBrowserError("no Chromium found: install it (Debian: apt-get install chromium)")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A Chromium without a window; it ends with the context.

    Raises:
        NoBrowserError: there is none on this machine.
    """
    path = find_chromium()
    # Chromium refuses to sandbox its processes for root, as in most containers.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def save_picture(page: Page, out: Path) -> None:
    """PNG of what the window shows, once its images are loaded."""
    page.wait_for_function(_IMAGES_LOADED)
    out.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=out)
