"""Scoring: a row or a reject for each file, nothing judged twice, nothing lost by a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import find_photos
from joppo.data.store.files import FileStore
from joppo.data.store.store import Store
from joppo.training.judges.judge import Reply
from joppo.training.judges.parse_reply import lasting, no_reply, read_reply
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.rows import score_row
from joppo.training.scoring.run import NothingToScoreError, Scoring, run
from joppo.training.scoring.score import Scored, score
from joppo.training.scoring.score_cache import ScoreCache
from tests.paths import ROOT
from tests.training.judges.asking import FORM, NAMES
from tests.training.scoring.judging_by_eye import EyeJudge
from tests.training.scoring.scored_files import bad_photos, flat, good_photos, save

CONFIG = ScoringConfig()
PROMPT_ID = CONFIG.question().prompt_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def cache_of(store: Store, judge: str = "eye@00000000") -> ScoreCache:
    return ScoreCache(store, judge, PROMPT_ID)


def all_of(
    folder: Path, judge: EyeJudge, store: Store, config: ScoringConfig = CONFIG
) -> list[Scored | Reject]:
    cache = cache_of(store, f"{judge.name}*{config.samples}" if config.samples else judge.name)
    found = list(score(find_photos([str(folder)]), judge, config, cache))
    cache.flush()
    return found


def whole(folder: Path, judge: EyeJudge, store: Store, out: Path) -> Scoring:
    return run([str(folder)], judge, CONFIG, store, FileStore(out))


def test_every_kind_of_photo_is_scored(tmp_path: Path, store: Store) -> None:
    photos = good_photos(tmp_path / "photos")
    found = all_of(tmp_path / "photos", EyeJudge(), store)
    assert [type(one) for one in found] == [Scored] * len(photos)
    assert all(one.row.parse_ok for one in found if isinstance(one, Scored))
    totals = {one.file.path.name: one.row.total for one in found if isinstance(one, Scored)}
    assert totals["deep.png"] == pytest.approx(35_000 / 65_535, abs=0.01)
    assert totals["moving.gif"] == pytest.approx(100 / 255, abs=0.02)  # the first frame


def test_what_cannot_be_scored_is_rejected_with_its_reason(tmp_path: Path, store: Store) -> None:
    wanted = bad_photos(tmp_path / "photos")
    found = all_of(tmp_path / "photos", EyeJudge(), store)
    assert {Path(one.item): one.reason for one in found if isinstance(one, Reject)} == wanted
    assert all(isinstance(one, Reject) and one.detail for one in found)


def test_results_keep_the_order_of_the_files(tmp_path: Path, store: Store) -> None:
    good_photos(tmp_path / "photos")
    bad_photos(tmp_path / "photos")
    found = all_of(tmp_path / "photos", EyeJudge(), store)
    names = [one.item if isinstance(one, Reject) else one.file.name for one in found]
    assert names == sorted(names) and len(names) == 20


def test_a_second_run_judges_nothing_and_writes_the_same(tmp_path: Path, store: Store) -> None:
    good_photos(tmp_path / "photos")
    save(tmp_path / "photos" / "dark.png", flat(0).point(lambda v: 0))
    first = whole(tmp_path / "photos", EyeJudge(), store, tmp_path / "out")
    written = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    judge = EyeJudge()
    again = whole(tmp_path / "photos", judge, store, tmp_path / "out")
    assert judge.asked == [] and again.new == 0 and first.new == 16
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == written
    assert sum(one.rank is None for one in again.ranked) == 1  # a failure is known as well


def test_a_moved_or_renamed_photo_is_known(tmp_path: Path, store: Store) -> None:
    (tmp_path / "a").mkdir()
    save(tmp_path / "a" / "x.png", flat(50))
    all_of(tmp_path / "a", EyeJudge(), store)
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "b" / "x.png").rename(tmp_path / "b" / "y.jpg")
    judge = EyeJudge()
    all_of(tmp_path / "b", judge, store)
    assert judge.asked == []


def test_the_same_bytes_are_judged_once_and_listed_twice(tmp_path: Path, store: Store) -> None:
    (tmp_path / "p").mkdir()
    for name in ("1.png", "2.png", "3.png"):
        save(tmp_path / "p" / name, flat(90))
    (tmp_path / "p" / "4.jpg").write_bytes(b"broken")
    (tmp_path / "p" / "5.jpg").write_bytes(b"broken")
    judge = EyeJudge()
    found = all_of(tmp_path / "p", judge, store)
    assert (
        len(set(judge.asked)) == 2 and len(judge.asked) == 3
    )  # what is no photo is looked at again
    rows = [one.row for one in found if isinstance(one, Scored)]
    assert len(rows) == 3 and rows[0] == rows[1] == rows[2]
    assert [one.reason for one in found if isinstance(one, Reject)] == ["not_an_image"] * 2


def test_another_judge_prompt_or_number_of_samples_is_another_score(
    tmp_path: Path, store: Store
) -> None:
    (tmp_path / "p").mkdir()
    save(tmp_path / "p" / "1.png", flat(90))
    all_of(tmp_path / "p", EyeJudge(), store)
    for judge, config in (
        (EyeJudge("eye@11111111"), CONFIG),
        (EyeJudge(), ScoringConfig(samples=3)),
    ):
        found = all_of(tmp_path / "p", judge, store, config)
        assert len(judge.asked) == 1 and isinstance(found[0], Scored)
    assert found[0].row.samples == 3 and found[0].row.spread == pytest.approx(0.01)
    assert len(ScoreCache(store, "eye@00000000", "other")) == 0


def test_no_photo_at_all_is_an_error(tmp_path: Path, store: Store) -> None:
    with pytest.raises(NothingToScoreError, match="there is no such file"):
        run([str(tmp_path / "gone")], EyeJudge(), CONFIG, store, FileStore(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_an_answer_that_never_came_is_not_kept() -> None:
    def replies(reason: str, text: str = "") -> list[Reply]:
        return [no_reply(FORM, reason, text)]

    assert lasting(replies("refused")) and lasting(replies("bad_request"))
    assert lasting(replies("missing_tag", "I like it."))
    assert not lasting(replies("server_error")) and not lasting(replies("timeout"))


def test_several_answers_make_a_mean_and_a_spread() -> None:
    def text(total: float) -> str:
        values = ", ".join(f"{name}: {total / 2:.2f}" for name in NAMES)
        return f"<think>{total}</think><answer>Score: {total:.2f}, {values}</answer>"

    replies = [read_reply(text(t), FORM) for t in (0.2, 0.4, 0.9)]
    row = score_row("j", "p", "i", NAMES, [*replies, read_reply("no", FORM)])
    assert row.total == pytest.approx(0.5) and row.samples == 3
    assert row.spread == pytest.approx(0.36055512754639896)
    assert row.attributes["light"] == pytest.approx(0.25)
    assert row.explanation == "0.4"
    failed = score_row("j", "p", "i", NAMES, [read_reply("no", FORM)] * 2)
    assert (failed.total, failed.reason, failed.samples) == (None, "missing_tag", 0)


SLOW = """
import sys, time
import joppo.training.scoring.score_cache as score_cache
score_cache.FLUSH_ROWS = 4
from joppo.data.store.files import FileStore
from joppo.data.store.store import Store
from pathlib import Path
from tests.training.judges.asking import FORM, NAMES
from tests.training.scoring.judging_by_eye import EyeJudge
from joppo.training.scoring.run import run
from joppo.training.scoring.config import ScoringConfig
class Slow(EyeJudge):
    def _reply(self, question, draw):
        time.sleep(0.02)
        return super()._reply(question, draw)
photos, store, out, diary = sys.argv[1:]
run([photos], Slow(diary=Path(diary)), ScoringConfig(), Store(store), FileStore(out))
"""


def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path: Path, store: Store) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(60):
        save(photos / f"{n:02d}.png", flat(20 + 3 * n))
    diary, out = tmp_path / "diary", tmp_path / "out"
    arguments = [sys.executable, "-c", SLOW, *map(str, (photos, store.root, out, diary))]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(arguments, env=env)
    deadline = time.time() + 120
    while len(store.names("shards/scores")) < 3 and time.time() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept, judged = len(cache_of(store)), len(diary.read_text().splitlines())
    assert 12 <= kept <= judged < 60 and not (out / "scores.json").exists()
    assert judged - kept <= 4 + 1  # what waited for its shard, and the one in hand
    judge = EyeJudge()
    done = whole(photos, judge, store, out)
    assert len(judge.asked) == 60 - kept == done.new
    fresh = Store(tmp_path / "fresh")
    whole(photos, EyeJudge(), fresh, tmp_path / "undisturbed")
    scores = json.loads((out / "scores.json").read_text())
    assert scores == json.loads((tmp_path / "undisturbed" / "scores.json").read_text())


def test_interrupted_it_keeps_what_was_scored(tmp_path: Path, store: Store) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(10):
        save(photos / f"{n}.png", flat(50 + n))

    class Stopped(EyeJudge):
        def _reply(self, question: object, draw: int) -> Reply:
            if len(self.asked) == 5:
                raise KeyboardInterrupt
            return super()._reply(question, draw)  # type: ignore[arg-type]

    with pytest.raises(KeyboardInterrupt):
        whole(photos, Stopped(), store, tmp_path / "out")
    assert len(cache_of(store)) == 5
    judge = EyeJudge()
    whole(photos, judge, store, tmp_path / "out")
    assert len(judge.asked) == 5


def test_a_folder_of_ten_thousand_files(tmp_path: Path, store: Store) -> None:
    """400 photos under 25 names each; every file is read, hashed, ranked and reported."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(400):
        first = save(photos / f"{n:03d}-00.bmp", flat(n % 200 + 20, (2 + n // 200, 2)))
        for copy in range(1, 25):
            (photos / f"{n:03d}-{copy:02d}.bmp").write_bytes(first.read_bytes())
    seen = 0

    def count(files: int) -> None:
        nonlocal seen
        seen += files

    judge = EyeJudge()
    done = run([str(photos)], judge, CONFIG, store, FileStore(tmp_path / "out"), progress=count)
    assert seen == len(done.ranked) == 10_000
    assert len(judge.asked) == len(set(judge.asked)) == 400
    assert len(store.names("shards/scores")) < 20
    assert (tmp_path / "out" / "report.html").stat().st_size < 20_000_000
