"""`joppo score`, `compare` and `calibrate` on the command line, with the embedded judge."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from joppo.data.questions.answer_format import completion, format_score
from joppo.data.store.files import FileStore
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.data.teachers.ask import close_gateways
from joppo.flows.cli.actions.score import JudgeChoice, plain, ranking, read_config, summary
from joppo.flows.cli.app import app
from joppo.flows.config import ConfigError, load_config
from joppo.training.judges.config import EndpointJudgeConfig, LocalJudgeConfig
from joppo.training.scoring.config import ScorePhotosConfig
from joppo.training.scoring.run import Scoring
from tests.mocks import llm_servers
from tests.mocks.llm_servers import LLMServer
from tests.paths import CONFIGS
from tests.training.models.model_folders import write_run_json
from tests.training.scoring.report.reporting import ranked_photos
from tests.training.scoring.scored_files import bad_photos, flat, good_photos, save


def joppo(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JOPPO_STORE", raising=False)
    return tmp_path


@pytest.fixture
def short(here: Path) -> Path:
    """A config whose replies are cut early: what is tested here is not the judge."""
    path = here / "short.yaml"
    path.write_text("judge: {kind: local, model: embedded, max_new_tokens: 8}\n")
    return path


def test_photos_are_scored_ranked_and_written(here: Path, short: Path) -> None:
    good_photos(here / "photos")
    bad_photos(here / "photos")
    done = joppo("score", "photos", "gone.jpg", "--config", str(short))
    assert done.exit_code == 0, done.output
    document = json.loads((here / "scores" / "scores.json").read_text())
    assert len(document["scores"]) == 14 and len(document["rejects"]) == 7
    assert document["scores"][0]["file"].startswith("photos/")
    assert "missing_file 1" in done.output and "empty_file 1" in done.output
    assert "too_elongated 1" in done.output  # a photo that this judge cannot take
    assert (here / "scores" / "report.html").is_file()
    again = joppo("score", "photos", "--config", str(short), "--out", "other", "--no-html")
    assert again.exit_code == 0 and "14 of them judged by an earlier run" in again.output
    assert not (here / "other" / "report.html").exists()


def test_real_photographs_with_the_embedded_judge(here: Path, real_data: Path) -> None:
    """All scored or listed as failed; a second run judges nothing and writes the same files."""
    photos = list(map(str, sorted((real_data / "oasis").glob("*.jpg"))[:12]))
    done = joppo("score", *photos)
    assert done.exit_code == 0, done.output
    document = json.loads((here / "scores" / "scores.json").read_text())
    assert [one["file"] for one in document["rejects"]] == [] and len(document["scores"]) == 12
    for row in document["scores"]:
        assert row["parse_ok"] is (row["total"] is not None) is (row["reason"] is None)
        assert row["total"] is None or 0 <= row["total"] <= 1
    assert sum(row["parse_ok"] for row in document["scores"]) > 6
    again = joppo("score", *photos, "--out", "again")
    assert "12 of them judged by an earlier run" in again.output
    for name in ("scores.json", "scores.csv", "scores.parquet", "report.html"):
        assert (here / "again" / name).read_bytes() == (here / "scores" / name).read_bytes()


def test_two_photos_are_compared(here: Path) -> None:
    photos = [str(save(here / f"{v}.png", flat(v))) for v in (60, 200)]
    done = joppo("compare", *photos, "--samples", "6")
    # Of a judge of a million parameters, two answers in form are not certain.
    assert "wins with" in done.output or "answers are in form" in done.output
    gone = joppo("compare", photos[0], "gone.png")
    assert gone.exit_code == 1 and "missing_image" in gone.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "gone"], "there is no such file"),
        (["score"], "no photo to score"),
        (["score", "x.png", "--judge", "./gone"], "neither a folder"),
        (["score", "x.png", "--endpoint", "http://127.0.0.1:1/v1"], "belong together"),
        (["score", "x.png", "--config", "gone.yaml"], "no such config"),
        (["score", "x.png", "--calibrated"], "joppo calibrate"),
        (["calibrate"], "no corpus in store"),
    ],
)
def test_errors_are_one_message(here: Path, arguments: list[str], message: str) -> None:
    save(here / "x.png", flat(90))
    done = joppo(*arguments)
    assert done.exit_code == 1 and message in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_an_endpoint_judges_over_a_socket(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is not in form, so each photo is looked at twice."""
    good = completion("Calm.", format_score(0.7, dict.fromkeys(load_rubric().names, 0.25)))

    def text(body: str, item: str, outcome: str, detail: str) -> str:
        return good if "could not be used" in body else "Seven of ten!"

    monkeypatch.setattr(llm_servers, "_text", text)
    (here / "photos").mkdir()
    for value in (60, 200):
        save(here / "photos" / f"{value}.png", flat(value))
    with LLMServer() as server:
        done = joppo("score", "photos", "--endpoint", server.openai_url, "--model", "org/judge-7b")
        close_gateways()
    assert done.exit_code == 0, done.output
    rows = json.loads((here / "scores" / "scores.json").read_text())["scores"]
    assert [row["total"] for row in rows] == [0.7, 0.7]
    assert rows[0]["judge"].startswith("judge-7b@") and rows[0]["attributes"]["light"] == 0.25


def test_a_judge_of_ours_is_named_by_its_folder_and_refused_elsewhere(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = completion("Calm.", format_score(0.7, dict.fromkeys(load_rubric().names, 0.25)))
    monkeypatch.setattr(llm_servers, "_text", lambda *_: good)
    save(here / "x.png", flat(90))
    write_run_json(here / "model", run="joppo-7")
    for models, code in ((["judge", "base"], 1), ([f"joppo-{'ab' * 8}"], 0)):
        with LLMServer(models=models) as server:
            address = ["--judge", "model", "--endpoint", server.openai_url]
            done = joppo("score", "x.png", *address)
            close_gateways()
        assert done.exit_code == code, done.output
        if code:
            text = " ".join(done.output.split())
            assert "offers judge, base, and the judge is joppo-abababababababab" in text
    (row,) = json.loads((here / "scores" / "scores.json").read_text())["scores"]
    assert row["total"] == 0.7 and row["judge"].startswith("joppo-7@")


def test_the_command_line_wins_over_the_config() -> None:
    path = CONFIGS / "single-gpu" / "score-photos.yaml"
    config = read_config(path, JudgeChoice("embedded"), samples=4, photos=["a"], out=None)
    assert isinstance(config.judge, LocalJudgeConfig)
    assert (config.judge.model, config.judge.max_pixels) == ("embedded", None)
    assert config.judge.rows == 32 and config.rubric is None
    assert (config.samples, config.photos, config.out) == (4, ("a",), None)
    paper = CONFIGS / "paper" / "score-photos.yaml"
    assert isinstance(read_config(paper, JudgeChoice("embedded")).judge, LocalJudgeConfig)
    choice = JudgeChoice(endpoint="http://127.0.0.1:1/v1", model="m", key_env="MY_KEY")
    judge = read_config(None, choice).judge
    assert isinstance(judge, EndpointJudgeConfig) and judge.teacher.key_env == "MY_KEY"
    assert judge.teacher.temperature == 0.0
    with pytest.raises(ConfigError, match="base_url"):
        read_config(None, JudgeChoice(endpoint="http://user:key@host/v1", model="m"))


@pytest.mark.parametrize("profile", ["embedded", "single-gpu", "paper"])
def test_the_shipped_configs(profile: str) -> None:
    config = load_config(ScorePhotosConfig, CONFIGS / profile / "score-photos.yaml")
    assert isinstance(config.judge, EndpointJudgeConfig) is (profile == "paper")
    assert config.scoring.load_rubric().names[0] == "composition"


def test_a_terminal_obeys_no_name() -> None:
    assert plain("a\x1b[31mb\u202ec\n") == "a\\x1b[31mb\\u202ec\\n"
    names = ["\x1b[2J[red]x.jpg", "plain.jpg", "lost.jpg"]
    photos = ranked_photos(3, names=names, words=["\x1b]0;title\x07", "fine", ""], failed=1)
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(ranking(photos, load_rubric().names, 140))
    shown = console.export_text()
    assert "\x1b" not in shown and "\x07" not in shown
    assert r"\x1b[2J[red]x" in shown and "no answer: missing_tag" in shown
    assert "depth of" in shown


def test_the_summary_counts_everything(tmp_path: Path) -> None:
    done = Scoring(ranked_photos(5, failed=2), [], ["scores.csv"], new=1)
    text = summary(done, FileStore(tmp_path)).plain
    assert "3 photos scored" in text and "2 without an answer: missing_tag 2" in text
    assert "4 of them judged by an earlier run" in text and "scores.csv" in text
