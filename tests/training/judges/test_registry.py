"""Judges by kind. A judge from outside the package, that of the docs, scores and is evaluated."""

import re
import sys
from pathlib import Path

import pytest

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.store.files import FileStore
from joppo.data.store.store import Store
from joppo.training.evaluation.config import EvaluateConfig, FiguresConfig
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.judges import named_judges
from joppo.training.evaluation.run import ask, measure
from joppo.training.judges.config import CustomJudgeConfig, EndpointJudgeConfig, LocalJudgeConfig
from joppo.training.judges.open_judge import judge_name
from joppo.training.judges.parse_reply import score_reply
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.judge import Judge
from joppo.training.scoring.run import run
from tests.paths import ROOT
from tests.training.evaluation.judging import choice_item, score_item
from tests.training.scoring.scored_files import flat, save

KIND = "brightness:Brightness"
SCENES = {"name": "mine", "scenes": {"per_category": 1, "seed": 9, "size": 64}}


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the judge of docs/scoring.md in a file of its own."""
    page = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(import numpy.*?)```", page, re.DOTALL)
    (tmp_path / "brightness.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("brightness", None)


def test_the_kind_says_which_config_is_meant(outside: Path) -> None:
    def judge(values: object) -> object:
        return ScoringConfig.model_validate({"judge": values}).judge

    assert judge({}) == judge({"kind": "local"}) == LocalJudgeConfig()
    assert isinstance(judge({"kind": KIND, "options": {"best": 0.9}}), CustomJudgeConfig)
    teacher = {"name": "t", "provider": "openai", "model": "gpt-4o"}
    assert isinstance(judge({"kind": "endpoint", "teacher": teacher}), EndpointJudgeConfig)
    for unknown in ("endpont", "brightness:Darkness", "nowhere:Brightness"):
        with pytest.raises(ValueError, match="there are: endpoint, local"):
            judge({"kind": unknown})
    with pytest.raises(ValueError, match="best"):
        judge({"kind": KIND, "best": 0.9})


def test_the_name_depends_on_the_options_alone(outside: Path) -> None:
    plain, other = CustomJudgeConfig(kind=KIND), CustomJudgeConfig(kind=KIND, options={"best": 1})
    assert judge_name(plain) != judge_name(other)
    assert judge_name(plain) == judge_name(CustomJudgeConfig(kind=KIND, name="bright"))


def test_it_scores_photos(outside: Path) -> None:
    for value in (40, 200):
        save(outside / f"{value}.png", flat(value))
    (outside / "broken.png").write_bytes(b"no photo")
    given = ["40.png", "200.png", "broken.png"]
    dark, light, broken = Judge(KIND, best=0.9).score(given)
    assert dark.total is not None and light.total is not None and dark.total < light.total
    assert light.total == pytest.approx(1 - abs(200 / 255 - 0.9), abs=0.02)
    assert (broken.total, broken.reason) == (None, "not_an_image")
    config = ScoringConfig.model_validate({"judge": {"kind": KIND, "options": {"best": 0.9}}})
    judge = Judge(config.judge)
    store, out = Store(outside / "store"), FileStore(outside / "out")
    done = run(given, judge._judge, config, store, out)
    assert [one.name for one in done.ranked] == ["200.png", "40.png"]
    assert done.ranked[0].row.judge == judge_name(config.judge)


def test_it_is_evaluated_beside_others(outside: Path) -> None:
    options = {"kind": KIND, "options": {"best": 0.1}, "name": "dark"}
    config = EvaluateConfig.model_validate({"judges": [KIND, options], "sets": [SCENES]})
    store = Store(outside / "store")
    items = [*(score_item(n, n / 20) for n in range(20)), choice_item(0, "A")]
    sets = [EvaluationSet("mine", "test", items)]
    judges = named_judges(config.judges, config.local, store)
    assert [one.label for one in judges] == ["Brightness", "dark"]
    for one in judges:
        ask(one, sets, store, lambda _: lambda done, total: None)
    rows = measure(judges, sets, store, FiguresConfig(resamples=100)).results.to_pylist()
    srcc = {
        row["label"]: row["value"]
        for row in rows
        if row["metric"] == "srcc" and row["handling"] == "excluded"
    }
    # The photos grow lighter with their score, and all of them are dark.
    assert srcc["Brightness"] == pytest.approx(1)
    assert {row["judge"] for row in rows} == {one.name for one in judges}
    choices = [row for row in rows if row["task"] == "composition" and not row["versus"]]
    assert {row["unparsed"] for row in choices} == {1}


@pytest.mark.parametrize(
    ("total", "attributes"),
    [(1.1, {"a": 0.0}), (0.5, {}), (0.5, {"a": -1.5}), (float("nan"), {"a": 0.0})],
)
def test_numbers_that_are_no_score_are_refused(total: float, attributes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"outside|asks for"):
        score_reply(AnswerFormat("score", ("a",)), total, attributes)
