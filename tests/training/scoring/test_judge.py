"""The public face of judging, with the embedded judge."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from joppo.data.photos.decode import PhotoError
from joppo.data.store.store import Store
from joppo.data.teachers.ask import close_gateways
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.open_judge import judge_name
from joppo.training.judges.served_models import WrongServerError
from joppo.training.scoring.judge import Judge, PhotoScore
from tests.mocks import llm_servers
from tests.mocks.llm_servers import Faults, LLMServer
from tests.training.judges.asking import NAMES, photo_bytes
from tests.training.models.model_folders import write_run_json
from tests.training.scoring.scored_files import bad_photos

ANSWER = (
    "<think>Calm light.</think><answer>Score: 0.70, composition: 0.10, color: -0.20, light: 0.30, "
    "depth_of_field: 0.00, content: 0.5</answer>"
)
FAST = {"rows": 4, "max_new_tokens": 120}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(**FAST)  # type: ignore[arg-type]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for n in range(3):
        (folder / f"{n}.png").write_bytes(photo_bytes(n))
    return sorted(folder.iterdir())


def test_files_folders_patterns_bytes_and_images_are_scored_in_their_order(
    judge: Judge, photos: list[Path]
) -> None:
    content = photos[1].read_bytes()
    image = Image.open(io.BytesIO(content))
    folder = photos[0].parent
    given = [photos[2], str(folder), f"{folder}/1*.png", content, image]
    results = list(judge.score(given))
    names = ["2.png", "0.png", "1.png", "2.png", "1.png", "photo 4", "photo 5"]
    assert [Path(one.photo).name for one in results] == names
    for one in results:
        assert one.reason is None and one.total is not None and 0 <= one.total <= 1
        assert list(one.attributes) == list(NAMES)
        assert all(-1 <= value <= 1 for value in one.attributes.values())
    same = [(one.total, one.attributes, one.explanation) for one in results]
    assert same[0] == same[3] and same[2] == same[4] == same[5] == same[6]


def test_one_result_at_a_time(judge: Judge) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield photo_bytes(taken)

    results = judge.score(endless())
    assert next(results).total is not None
    assert taken < 60
    results.close()


def test_what_cannot_be_read_is_a_result_with_its_reason(judge: Judge, tmp_path: Path) -> None:
    expected = bad_photos(tmp_path / "bad")
    cut = Image.open(tmp_path / "bad" / "cut.jpg")
    given = [*expected, tmp_path / "gone.jpg", b"", cut]
    results = list(judge.score(given))
    reasons = [*expected.values(), "missing_file", "empty_file", "damaged_image"]
    assert [one.reason for one in results] == reasons
    assert all(one.total is None and not one.attributes and one.detail for one in results)


def test_an_answer_out_of_form_is_a_result_with_its_reason(photos: list[Path]) -> None:
    result = next(Judge(max_new_tokens=3).score(photos[0]))
    assert result == PhotoScore(str(photos[0]), None, {}, result.explanation, "missing_tag")


def test_images_of_every_mode_are_scored(judge: Judge) -> None:
    image = Image.open(io.BytesIO(photo_bytes(0)))
    transparent = image.convert("RGBA")
    transparent.putalpha(100)
    images = [image.convert(mode) for mode in ("1", "L", "P", "LA", "RGB", "CMYK", "YCbCr", "HSV")]
    results = list(judge.score([*images, transparent]))
    assert [one.reason for one in results[:7]] == [None] * 7
    assert results[7].reason == "damaged_image"  # no file format holds HSV
    assert results[8].reason is None
    assert results[4].total == next(judge.score(image)).total


def test_without_a_store_nothing_is_written(
    judge: Judge, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    assert len(list(judge.score(photos))) == 3
    judge.compare(photos[0], photos[1])
    assert list(work.iterdir()) == []


def test_with_a_store_scores_are_found_again(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Judge(store=tmp_path / "store", **FAST)  # type: ignore[arg-type]
    first = list(kept.score(photos))
    assert Store(tmp_path / "store").names("shards/scores")
    again = Judge(store=Store(tmp_path / "store"), **FAST)  # type: ignore[arg-type]
    asked: list[object] = []
    monkeypatch.setattr(again._judge, "ask", lambda questions: iter([asked.extend(questions)][1:]))
    assert list(again.score(photos)) == first and asked == []


def test_a_mean_of_drawn_answers_has_a_spread(photos: list[Path]) -> None:
    judge = Judge(samples=3, **FAST)  # type: ignore[arg-type]
    assert judge.name.endswith("*3")
    (result,) = judge.score(photos[0])
    assert result.spread is not None and result.spread >= 0


def test_comparing(judge: Judge, photos: list[Path]) -> None:
    there, back = judge.compare(photos[0], photos[1]), judge.compare(photos[1], photos[0])
    assert there.win + back.win == pytest.approx(1)
    assert there.means == tuple(reversed(back.means)) and max(there.answers) <= 8
    assert {there.winner, back.winner} in ({"a", "b"}, {None})
    assert judge.compare(photos[0].read_bytes(), photos[1]) == there
    with pytest.raises(PhotoError, match="several"):
        judge.compare(photos[0].parent, photos[1])
    with pytest.raises(PhotoError, match="missing_file"):
        judge.compare(photos[0], "gone.png")


def test_the_judge_of_a_config_is_the_same(judge: Judge) -> None:
    config = LocalJudgeConfig(**FAST)  # type: ignore[arg-type]
    assert judge.name == judge_name(config) == Judge(config).name == Judge(config.as_dict()).name


def test_a_served_model_leaves_no_file(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("JOPPO_JOURNAL", raising=False)
    monkeypatch.setattr(llm_servers, "_text", lambda *_: ANSWER)
    with LLMServer(Faults()) as server:
        judge = Judge("org/qwen-vl", endpoint=server.openai_url, backoff_s=0.01)
        results = list(judge.score(photos))
        close_gateways()
    assert judge.name.startswith("qwen-vl@")
    assert [(one.total, one.attributes["color"]) for one in results] == [(0.7, -0.2)] * 3
    assert [one.explanation for one in results] == ["Calm light."] * 3
    assert list(work.iterdir()) == []


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(TypeError, match="endpoint"):
        Judge("gpt", key_env="KEY")
    with pytest.raises(TypeError, match="config"):
        Judge(LocalJudgeConfig(), rows=3)
    with pytest.raises(ValueError, match="lanes"):
        Judge(lanes=3)


def test_a_trained_judge_is_asked_where_it_is_served(
    tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder and the address are enough: name, pixels and rubric follow from the folder."""
    monkeypatch.setattr(llm_servers, "_text", lambda *_: ANSWER)
    folder = write_run_json(tmp_path / "model", run="joppo-7")
    with LLMServer(models=[f"joppo-{'ab' * 8}"]) as server:
        judge = Judge(folder, endpoint=server.openai_url)
        (result,) = judge.score(photos[0])
        close_gateways()
    assert result.total == 0.7 and judge.name.startswith("joppo-7@")
    assert "image/png" in server.bodies[0]
    with LLMServer(models=["judge"]) as server:
        judge = Judge(folder, endpoint=server.openai_url)
        with pytest.raises(WrongServerError, match=r"offers judge, and the judge is joppo-abab"):
            list(judge.score(photos[0]))
        close_gateways()
