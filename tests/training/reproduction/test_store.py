"""Stored answers to a report in the store: complete, once, under a name of its content."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from joppo.data.questions.answer_format import completion, format_score
from joppo.data.store.hashing import unit_interval
from joppo.data.store.store import Store
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.judges import NamedJudge
from joppo.training.evaluation.run import IncompleteError, ask, load_sets
from joppo.training.judges.judge import Question
from joppo.training.reproduction import findings
from joppo.training.reproduction import store as module
from joppo.training.reproduction.outcome import Outcome
from joppo.training.reproduction.store import FOLDER, latest, write_report
from joppo.training.runs.metrics_log import MetricsLog
from tests.training.evaluation.judging import FakeJudge
from tests.training.reproduction.experiment import SCENES, VARIANTS, config

SETS = [{"name": "mine", "scenes": SCENES, "limit": 4}]
EVALUATION = EvaluateConfig.model_validate({"judges": ["embedded"], "sets": SETS})
CONFIG = config(sets=SETS, seeds=[0, 1], examples=2)
OUTCOMES = [
    Outcome(name, seed, "base" if name == "base" else f"{name}-{seed}", f"run-{name}-{seed}")
    for name in VARIANTS
    for seed in (0, 1)
]


def _named(spec: Any, local: Any, store: Store, samples: int = 0, rubric: Any = None) -> NamedJudge:
    """A judge that answers by its own name, without a model."""

    def answer(question: Question) -> str:
        place = unit_interval(spec, question.image_id, question.prompt)
        if question.form.kind != "score":
            return completion("why", question.form.names[int(place * len(question.form.names))])
        values = {
            name: 2 * unit_interval(spec, name, question.image_id) - 1
            for name in question.form.names
        }
        return completion("why", format_score(place, values))

    name = f"{Path(spec).name}@00000000"
    return NamedJudge(spec, name, lambda: FakeJudge(answer, name))


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the answers of all judges, and training metrics of one."""
    store = Store(tmp_path_factory.mktemp("store"))
    sets = load_sets(EVALUATION, store, Path())
    for spec in dict.fromkeys(str(one.judge) for one in OUTCOMES):
        ask(_named(spec, None, store), sets, store, lambda one: lambda done, total: None)
    log = MetricsLog(store, "run-full-0", "joppo")
    log.add(1, 0.5, {"loss": 0.25, "health/attribute_correlation": 0.5})
    return store


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "named_judge", _named)


def write(store: Store, outcomes: Any = OUTCOMES, snapshot: str = "abc") -> str:
    return write_report(CONFIG, EVALUATION, Path(), store, snapshot, outcomes)


def test_the_report_holds_what_was_answered(answered: Store) -> None:
    key = write(answered)
    names = set(answered.names(f"{FOLDER}/{key}"))
    assert names == {
        "report.html",
        "report.md",
        "ablation.png",
        "learning.png",
        "reward-health.png",
    }
    assert latest(answered) == key
    page = answered.read_bytes(f"{FOLDER}/{key}/report.html").decode()
    assert page.count('<figure class="example"') == 2
    text = answered.read_bytes(f"{FOLDER}/{key}/report.md").decode()
    for name in VARIANTS:
        assert f"| {name} | about {name} | 2 of 2 | nothing |" in text
    # The base judge is the same under each seed, so its figures have no spread.
    row = next(line for line in text.splitlines() if line.startswith("| base | 0."))
    low, high = row.split("|")[2].split("[")[1].strip("] ").split(", ")
    assert low == high


def test_a_second_time_nothing_is_measured(
    answered: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = write(answered)
    page = answered.read_bytes(f"{FOLDER}/{key}/report.html")

    def refuse(*arguments: Any) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(module, "gather", refuse)
    assert write(answered) == key
    assert answered.read_bytes(f"{FOLDER}/{key}/report.html") == page


def test_the_name_depends_on_content_and_not_on_places(
    answered: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = write(answered)
    moved = [replace(one, judge=f"/elsewhere/{one.judge}", run=None) for one in OUTCOMES]
    assert write(answered, moved) == key
    lost = [replace(OUTCOMES[0], judge=None, failure="Crashed"), *OUTCOMES[1:]]
    monkeypatch.setattr(module, "RECIPE_VERSION", 0)
    others = {write(answered), write(answered, lost), write(answered, snapshot="other")}
    assert len(others) == 3 and key not in others


def test_a_judge_that_answered_in_part_is_not_reported(answered: Store) -> None:
    silent = [*OUTCOMES[:-1], replace(OUTCOMES[-1], judge="silent")]
    with pytest.raises(IncompleteError, match="silent has not answered"):
        write(answered, silent)


def test_no_report_before_the_first(tmp_path: Path) -> None:
    assert latest(Store(tmp_path)) is None
