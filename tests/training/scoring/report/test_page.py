"""The report as a file: sizes, escaping, policy."""

import base64
import hashlib
import json
import re
from pathlib import Path

from joppo.data.datasets.base import Reject
from joppo.data.store.files import FileStore
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.scoring.report.page import LEAST_SIDE, render, side_for, write_report
from joppo.training.scoring.score_files import Ranked
from tests.training.scoring.report.reporting import HOSTILE, JPEG, ranked_photos

RUBRIC = load_rubric()


def picture(one: Ranked, side: int) -> bytes:
    return JPEG


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="report">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def test_it_needs_nothing_else() -> None:
    page = render(ranked_photos(3), [], RUBRIC, picture)
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", page)
    assert "http:" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in page and "@import" not in page and "url(" not in page


def test_names_and_words_of_strangers_stay_text() -> None:
    photos = ranked_photos(len(HOSTILE), names=HOSTILE, words=HOSTILE)
    page = render(
        photos, [Reject("score", bad, "empty_file", bad) for bad in HOSTILE], RUBRIC, picture
    )
    for bad in HOSTILE:
        assert bad not in page or not set('<>"&') & set(bad)
    # Tags of the page are its own ones: as many as without any photo, and one per chunk.
    plain = render(
        ranked_photos(1), [Reject("score", "x", "y", "z")] * len(HOSTILE), RUBRIC, picture
    )
    for tag in ("script", "img", "iframe", "b", "svg", "style", "td"):
        count = len(re.findall(f"<{tag}[ >]", page))
        assert count == len(re.findall(f"<{tag}[ >]", plain)), tag
    assert [photo["name"] for photo in data_of(page)["photos"]] == HOSTILE


def test_the_policy_names_the_one_script_and_the_one_style() -> None:
    page = render(ranked_photos(2), [], RUBRIC, picture)
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy is not None and "default-src 'none'" in policy[1]
    for tag in ("script", "style"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_a_picture_is_held_once_and_chunks_follow_the_ranks() -> None:
    photos = ranked_photos(100)
    twins = [*photos, *photos[:10]]
    page = render(twins, [], RUBRIC, picture)
    chunks = [json.loads(c) for c in re.findall(r'class="thumbnails">(.*?)</script>', page, re.S)]
    assert [len(chunk) for chunk in chunks] == [48, 48, 4]
    places = [tuple(photo["thumbnail"]) for photo in data_of(page)["photos"]]
    assert places[:100] == [(n // 48, n % 48) for n in range(100)] and places[100:] == places[:10]
    assert base64.b64decode(chunks[2][3]) == JPEG


def test_more_photos_have_smaller_pictures() -> None:
    sides = [side_for(count) for count in (1, 300, 301, 2000, 6000, 100_000)]
    assert sides == sorted(sides, reverse=True) and sides[-1] == LEAST_SIDE


def test_without_pictures_photos_or_answers(tmp_path: Path) -> None:
    page = render(ranked_photos(2), [], RUBRIC, lambda one, side: None)
    assert [photo["thumbnail"] for photo in data_of(page)["photos"]] == [None, None]
    assert write_report(FileStore(tmp_path), [], [], RUBRIC, picture) == "report.html"
    assert data_of((tmp_path / "report.html").read_text())["photos"] == []
