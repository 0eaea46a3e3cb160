"""The report as a person meets it, in headless Chromium; skipped where there is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pictures.browser import Browser
from docs.pictures.ui_pages import FiguresError, chromium
from joppo.data.datasets.base import Reject
from joppo.data.store.files import FileStore
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.scoring.report.page import write_report
from joppo.training.scoring.score_files import Ranked
from tests.training.scoring.report.reporting import HOSTILE, JPEG, ranked_photos

RUBRIC = load_rubric()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        chromium()
    except FiguresError as error:
        pytest.skip(str(error))
    with Browser() as opened:
        yield opened


def open_report(
    browser: Browser, folder: Path, photos: list[Ranked], rejects: list[Reject] | None = None
) -> None:
    write_report(FileStore(folder), photos, rejects or [], RUBRIC, lambda one, side: JPEG)
    browser.size(1280, 900)
    browser.open((folder / "report.html").as_uri())


def names(browser: Browser) -> list[str]:
    return browser.run("[...document.querySelectorAll('.card .name')].map(n => n.textContent)")


def choose(browser: Browser, name: str, value: str, event: str = "change") -> None:
    browser.run(
        f"(() => {{ const c = document.getElementById('{name}'); c.value = '{value}';"
        f"c.dispatchEvent(new Event('{event}')); }})()"
    )


def errors(browser: Browser) -> list[dict]:
    return [
        event
        for event in browser.events
        if event["method"] == "Runtime.exceptionThrown"
        or (event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error")
    ]


def test_ranked_cards_with_picture_total_radar_and_words(browser: Browser, tmp_path: Path) -> None:
    open_report(browser, tmp_path, ranked_photos(5, failed=1))
    assert names(browser) == [f"photo {n:05d}.jpg" for n in range(5)]
    card = "document.querySelectorAll('.card')[1]"
    assert browser.run(f"{card}.querySelector('.rank').textContent") == "#2"
    assert browser.run(f"{card}.querySelector('.total b').textContent") == "0.77"
    assert browser.run(f"{card}.querySelectorAll('.radar .shape').length") == 1
    names_shown = f"[...{card}.querySelectorAll('.list dt')]"
    assert browser.run(f"{names_shown}.length") == len(RUBRIC.names)
    assert browser.run(f"{names_shown}.every(n => n.scrollWidth <= n.clientWidth)")  # not cut off
    browser.wait(f"{card}.querySelector('img').naturalWidth === 60")
    last = browser.run("document.querySelectorAll('.card')[4].innerText")
    assert "No answer: missing tag" in last
    assert errors(browser) == []


def test_nothing_is_fetched_and_hostile_texts_do_nothing(browser: Browser, tmp_path: Path) -> None:
    photos = ranked_photos(len(HOSTILE), names=HOSTILE, words=HOSTILE)
    open_report(browser, tmp_path, photos, [Reject("score", bad, "r", bad) for bad in HOSTILE])
    for number in range(len(HOSTILE)):
        browser.run(f"document.querySelectorAll('.photo')[{number}].click()")
        browser.run("document.getElementById('close').click()")
    browser.run("[...document.querySelectorAll('.pick')].slice(0, 2).forEach(b => b.click())")
    browser.run("document.getElementById('compare').click()")
    assert browser.run("typeof window.owned") == "undefined"
    assert len(names(browser)) == len(HOSTILE)
    assert HOSTILE[0] in browser.run("document.querySelector('.rejects').textContent")
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith(("data:", tmp_path.as_uri()))] == []
    assert errors(browser) == []


def test_find_filter_and_sort(browser: Browser, tmp_path: Path) -> None:
    open_report(browser, tmp_path, ranked_photos(30, failed=2))
    choose(browser, "sort", "worst first")
    assert names(browser)[0] == "photo 00027.jpg"
    choose(browser, "sort", "color")
    values = browser.run(
        "[...document.querySelectorAll('.card')].map(c => c.querySelectorAll('.list dd')[1])"
        ".filter(Boolean).map(d => parseFloat(d.textContent.replace('−', '-')))"
    )
    assert values == sorted(values, reverse=True) and len(values) == 28
    choose(browser, "kind", "failed")
    assert names(browser) == ["photo 00028.jpg", "photo 00029.jpg"]
    choose(browser, "kind", "all")
    choose(browser, "find", "ABOUT photo 1", "input")
    assert len(names(browser)) == 11
    choose(browser, "find", "", "input")
    choose(browser, "least", "0.9", "input")
    assert browser.run("document.getElementById('count').textContent") == "2 of 30 photos"


def test_two_photos_side_by_side(browser: Browser, tmp_path: Path) -> None:
    open_report(browser, tmp_path, ranked_photos(4, spread=0.2))
    browser.run("document.querySelectorAll('.pick')[3].click()")
    assert browser.run("document.getElementById('compare').disabled") is True
    browser.run("document.querySelectorAll('.pick')[0].click()")
    browser.run("document.getElementById('compare').click()")
    assert browser.run("document.querySelectorAll('dialog .pair .side').length") == 2
    assert browser.run("document.querySelectorAll('dialog .radar .shape').length") == 2
    # Phi((0.275 - 0.95) / sqrt(0.08 + 1e-6)): the second one wins with 99%.
    verdict = browser.run("document.querySelector('.verdict').textContent")
    assert "photo 00000.jpg is the better one" in verdict and "99%" in verdict
    browser.run("document.getElementById('close').click()")
    assert browser.run("document.getElementById('dialog').open") is False


def test_thousands_of_photos_are_paged(browser: Browser, tmp_path: Path) -> None:
    open_report(browser, tmp_path, ranked_photos(5000))
    assert len(names(browser)) == 48
    assert browser.run("document.images.length") == 48
    assert browser.run("opened.size") == 1
    browser.run("document.getElementById('next').click()")
    assert names(browser)[0] == "photo 00048.jpg" and browser.run("opened.size") == 2
    start = "performance.mark('a'), find(), performance.measure('m', 'a').duration"
    assert browser.run(start) < 2000
    assert browser.run("document.getElementById('page').textContent") == "1 of 105"


@pytest.mark.parametrize("dark", [False, True])
def test_readable_on_a_phone(browser: Browser, tmp_path: Path, dark: bool) -> None:
    open_report(
        browser, tmp_path, ranked_photos(6, names=["x" * 200 + f"{n}.jpg" for n in range(6)])
    )
    browser.size(360, 740, phone=True)
    browser.dark(dark)
    assert browser.run("document.documentElement.scrollWidth") <= 360
    texts = "[...document.querySelectorAll('.card .name, .card .words, .card dt')]"
    sizes = browser.run(f"{texts}.map(n => parseFloat(getComputedStyle(n).fontSize))")
    assert min(sizes) >= 12
    style = "getComputedStyle(document.body)"
    back, front = browser.run(
        f"['backgroundColor', 'color'].map(k => {style}[k].match(/\\d+/g)[0])"
    )
    assert (int(back) < int(front)) is dark
    browser.picture(tmp_path / "phone.png")
    assert (tmp_path / "phone.png").stat().st_size > 10_000
    browser.dark(False)
