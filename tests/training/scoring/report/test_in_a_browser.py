"""The report as a person meets it, in headless Chromium; skipped where there is none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from docs.pictures.browser import NoBrowserError, find_chromium, open_browser, save_picture
from joppo.data.datasets.base import Reject
from joppo.data.store.files import FileStore
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.scoring.report.page import write_report
from joppo.training.scoring.score_files import Ranked
from tests.training.scoring.report.reporting import HOSTILE, JPEG, ranked_photos

RUBRIC = load_rubric()
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        find_chromium()
    except NoBrowserError as error:
        pytest.skip(str(error))
    with open_browser() as opened:
        yield opened


@dataclass
class Report:
    """An open report, with the errors and the requests of its page so far."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note_error)
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _note_error(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def run(self, script: str) -> Any:
        return self.page.evaluate(script)


def open_report(
    browser: Browser,
    folder: Path,
    photos: list[Ranked],
    rejects: list[Reject] | None = None,
    view: dict[str, Any] = DESKTOP,
) -> Report:
    write_report(FileStore(folder), photos, rejects or [], RUBRIC, lambda one, side: JPEG)
    report = Report(browser.new_page(**view))
    report.page.goto((folder / "report.html").as_uri())
    return report


def names(report: Report) -> list[str]:
    return report.run("[...document.querySelectorAll('.card .name')].map(n => n.textContent)")


def choose(report: Report, name: str, value: str, event: str = "change") -> None:
    report.run(
        f"(() => {{ const c = document.getElementById('{name}'); c.value = '{value}';"
        f"c.dispatchEvent(new Event('{event}')); }})()"
    )


def test_ranked_cards_with_picture_total_radar_and_words(browser: Browser, tmp_path: Path) -> None:
    report = open_report(browser, tmp_path, ranked_photos(5, failed=1))
    assert names(report) == [f"photo {n:05d}.jpg" for n in range(5)]
    card = "document.querySelectorAll('.card')[1]"
    assert report.run(f"{card}.querySelector('.rank').textContent") == "#2"
    assert report.run(f"{card}.querySelector('.total b').textContent") == "0.77"
    assert report.run(f"{card}.querySelectorAll('.radar .shape').length") == 1
    names_shown = f"[...{card}.querySelectorAll('.list dt')]"
    assert report.run(f"{names_shown}.length") == len(RUBRIC.names)
    assert report.run(f"{names_shown}.every(n => n.scrollWidth <= n.clientWidth)")  # not cut off
    report.page.wait_for_function(f"{card}.querySelector('img').naturalWidth === 60")
    last = report.run("document.querySelectorAll('.card')[4].innerText")
    assert "No answer: missing tag" in last
    assert report.errors == []


def test_nothing_is_fetched_and_hostile_texts_do_nothing(browser: Browser, tmp_path: Path) -> None:
    photos = ranked_photos(len(HOSTILE), names=HOSTILE, words=HOSTILE)
    report = open_report(
        browser, tmp_path, photos, [Reject("score", bad, "r", bad) for bad in HOSTILE]
    )
    for number in range(len(HOSTILE)):
        report.run(f"document.querySelectorAll('.photo')[{number}].click()")
        report.run("document.getElementById('close').click()")
    report.run("[...document.querySelectorAll('.pick')].slice(0, 2).forEach(b => b.click())")
    report.run("document.getElementById('compare').click()")
    assert report.run("typeof window.owned") == "undefined"
    assert len(names(report)) == len(HOSTILE)
    assert HOSTILE[0] in report.run("document.querySelector('.rejects').textContent")
    assert [
        url for url in report.requests if not url.startswith(("data:", tmp_path.as_uri()))
    ] == []
    assert report.errors == []


def test_find_filter_and_sort(browser: Browser, tmp_path: Path) -> None:
    report = open_report(browser, tmp_path, ranked_photos(30, failed=2))
    choose(report, "sort", "worst first")
    assert names(report)[0] == "photo 00027.jpg"
    choose(report, "sort", "color")
    values = report.run(
        "[...document.querySelectorAll('.card')].map(c => c.querySelectorAll('.list dd')[1])"
        ".filter(Boolean).map(d => parseFloat(d.textContent.replace('−', '-')))"
    )
    assert values == sorted(values, reverse=True) and len(values) == 28
    choose(report, "kind", "failed")
    assert names(report) == ["photo 00028.jpg", "photo 00029.jpg"]
    choose(report, "kind", "all")
    choose(report, "find", "ABOUT photo 1", "input")
    assert len(names(report)) == 11
    choose(report, "find", "", "input")
    choose(report, "least", "0.9", "input")
    assert report.run("document.getElementById('count').textContent") == "2 of 30 photos"


def test_two_photos_side_by_side(browser: Browser, tmp_path: Path) -> None:
    report = open_report(browser, tmp_path, ranked_photos(4, spread=0.2))
    report.run("document.querySelectorAll('.pick')[3].click()")
    assert report.run("document.getElementById('compare').disabled") is True
    report.run("document.querySelectorAll('.pick')[0].click()")
    report.run("document.getElementById('compare').click()")
    assert report.run("document.querySelectorAll('dialog .pair .side').length") == 2
    assert report.run("document.querySelectorAll('dialog .radar .shape').length") == 2
    # Phi((0.275 - 0.95) / sqrt(0.08 + 1e-6)): the second one wins with 99%.
    verdict = report.run("document.querySelector('.verdict').textContent")
    assert "photo 00000.jpg is the better one" in verdict and "99%" in verdict
    report.run("document.getElementById('close').click()")
    assert report.run("document.getElementById('dialog').open") is False


def test_thousands_of_photos_are_paged(browser: Browser, tmp_path: Path) -> None:
    report = open_report(browser, tmp_path, ranked_photos(5000))
    assert len(names(report)) == 48
    assert report.run("document.images.length") == 48
    assert report.run("opened.size") == 1
    report.run("document.getElementById('next').click()")
    assert names(report)[0] == "photo 00048.jpg" and report.run("opened.size") == 2
    start = "performance.mark('a'), find(), performance.measure('m', 'a').duration"
    assert report.run(start) < 2000
    assert report.run("document.getElementById('page').textContent") == "1 of 105"


@pytest.mark.parametrize("dark", [False, True])
def test_readable_on_a_phone(browser: Browser, tmp_path: Path, dark: bool) -> None:
    photos = ranked_photos(6, names=["x" * 200 + f"{n}.jpg" for n in range(6)])
    view = {**PHONE, "color_scheme": "dark" if dark else "light"}
    report = open_report(browser, tmp_path, photos, view=view)
    assert report.run("document.documentElement.scrollWidth") <= 360
    texts = "[...document.querySelectorAll('.card .name, .card .words, .card dt')]"
    sizes = report.run(f"{texts}.map(n => parseFloat(getComputedStyle(n).fontSize))")
    assert min(sizes) >= 12
    style = "getComputedStyle(document.body)"
    back, front = report.run(f"['backgroundColor', 'color'].map(k => {style}[k].match(/\\d+/g)[0])")
    assert (int(back) < int(front)) is dark
    save_picture(report.page, tmp_path / "phone.png")
    assert (tmp_path / "phone.png").stat().st_size > 10_000
