"""The deployment `score-photos`: shards, cache, artifacts, and the store that it shares."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import joppo.tasks.score
from joppo.data.store.files import FileStore
from joppo.data.store.store import Store
from joppo.flows.runner import ShardsFailedError
from joppo.flows.score_photos import score_photos
from joppo.tasks import score
from joppo.training.judges.judge import Question, Reply
from joppo.training.judges.parse_reply import no_reply
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.run import run
from tests.training.scoring.judging_by_eye import EyeJudge
from tests.training.scoring.scored_files import bad_photos, flat, good_photos, save

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(600)]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> EyeJudge:
    """The judge that tasks open, whatever the config says."""
    made = EyeJudge()
    monkeypatch.setattr(score, "_judges", {})
    monkeypatch.setattr(score, "open_judge", lambda config, root: made)
    monkeypatch.setattr(score, "judge_name", lambda config: made.name)
    return made


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    good_photos(tmp_path / "photos")
    bad_photos(tmp_path / "photos")
    return tmp_path / "photos"


def scored(tmp_path: Path, photos: Path, **values: Any) -> Path:
    config = tmp_path / "score.yaml"
    config.write_text(yaml.safe_dump({"photos": [str(photos)], "shard_size": 4} | values))
    return Path(score_photos(str(config), store=str(tmp_path / "store")))


def artifact(key: str) -> str:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        )
    return str(max(found, key=lambda one: one.created).data)


def test_a_folder_is_scored_in_shards_and_reported(
    tmp_path: Path, photos: Path, judge: EyeJudge
) -> None:
    out = scored(tmp_path, photos)
    document = json.loads((out / "scores.json").read_text())
    assert len(document["scores"]) == 15 and len(document["rejects"]) == 5
    assert (out / "report.html").is_file() and (out / "scores.parquet").is_file()
    assert len(Store(tmp_path / "store").names("shards/scores")) >= 4
    assert "15 photos scored" in artifact("score-report")
    assert "data:image/jpeg;base64" in artifact("score-report")
    assert document["scores"][0]["file"] in artifact("ranked-photos")
    assert float(artifact("progress-score")) == 100


def test_what_one_way_has_judged_the_other_knows(
    tmp_path: Path, photos: Path, judge: EyeJudge
) -> None:
    """The command and the flow write the same tables, and neither judges a photo again."""
    out = scored(tmp_path, photos)
    judged = len(judge.asked)
    assert scored(tmp_path, photos) == out
    store = Store(tmp_path / "store")
    run([str(photos)], judge, ScoringConfig(), store, FileStore(tmp_path / "plain"))
    decoded = {Path(p).name for p in ("cut.jpg", "text.jpg", "huge.png", "empty.jpg")}
    assert len(judge.asked) - judged <= len(decoded)  # what is no photo is looked at again
    for name in ("scores.csv", "scores.parquet"):
        assert (tmp_path / "plain" / name).read_bytes() == (out / name).read_bytes()


def test_a_new_photo_is_judged_alone(tmp_path: Path, judge: EyeJudge) -> None:
    (tmp_path / "p").mkdir()
    for n in range(9):
        save(tmp_path / "p" / f"{n}.png", flat(20 * n + 20))
    scored(tmp_path, tmp_path / "p")
    save(tmp_path / "p" / "new.png", flat(33))
    scored(tmp_path, tmp_path / "p")
    assert len(judge.asked) == 10


def test_an_endpoint_that_fails_fails_the_shard_and_keeps_the_rest(
    tmp_path: Path, judge: EyeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p").mkdir()
    for n in range(3):
        save(tmp_path / "p" / f"{n}.png", flat(20 * n + 20))
    down = {"left": 99}
    answer = EyeJudge._reply

    def reply(self: EyeJudge, question: Question, draw: int) -> Reply:
        made = answer(self, question, draw)
        if len(self.asked) % 3 == 2 and down["left"] > 0:
            return no_reply(question.form, "server_error", tries=6)
        return made

    monkeypatch.setattr(EyeJudge, "_reply", reply)
    monkeypatch.setattr(joppo.tasks.score.score_shard, "retries", 0)
    with pytest.raises(ShardsFailedError, match=r"1 photos without an answer \(server_error\)"):
        scored(tmp_path, tmp_path / "p")
    down["left"] = 0
    before = len(judge.asked)
    out = scored(tmp_path, tmp_path / "p")
    assert len(judge.asked) - before == 1
    assert len(json.loads((out / "scores.json").read_text())["scores"]) == 3


def test_nothing_to_score_is_told(tmp_path: Path, judge: EyeJudge) -> None:
    with pytest.raises(ValueError, match="there is no such file"):
        scored(tmp_path, tmp_path / "gone")
