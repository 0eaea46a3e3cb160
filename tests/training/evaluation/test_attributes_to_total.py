"""The protocol attributes-to-total: what is asked, what is fitted on what, and what tables show."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import pearsonr, spearmanr

from benchmarks.scene_corpus import build
from joppo.data.questions.answer_format import AnswerFormat, completion, format_score
from joppo.data.questions.prompts import score_prompt
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.hashing import unit_interval
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.evaluation.config import SetConfig
from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL, EvaluationSet, Item
from joppo.training.evaluation.judges import NamedJudge
from joppo.training.evaluation.lookup import Figures
from joppo.training.evaluation.plots import pictures
from joppo.training.evaluation.predictions import Predictions
from joppo.training.evaluation.published import load_published
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.run import IncompleteError, Measured, ask, load_set, measure
from joppo.training.evaluation.store import evaluation_key
from joppo.training.evaluation.tables import tables
from joppo.training.judges.judge import Question
from tests.training.evaluation.evaluating import QUICK, only
from tests.training.evaluation.judging import NAMES, FakeJudge, jpeg, score_item

RUBRIC = load_rubric()
FORM = AnswerFormat("score", NAMES, "attributes_first")
PHOTOS, HELD_OUT = 24, 15
WEIGHTS = np.array([0.1, 0.3])


def opinion(image_id: str) -> np.ndarray:
    """What the judge below gives for the attributes of a photo, in steps of 0.01."""
    places = [unit_interval("opinion", name, image_id) for name in NAMES]
    return np.round(2 * np.array(places) - 1, 2)


def items(first: int, count: int, noise: float = 0.0) -> list[Item]:
    """Photos whose human total is a known function of the judge's attributes, and noise."""
    found = []
    for number in range(first, first + count):
        item = score_item(number, 0.0)
        own = opinion(item.image_id)
        mos = float(0.5 + own @ WEIGHTS + noise * (unit_interval("noise", item.image_id) - 0.5))
        truth = {"composition": float(own[0]) / 2, "color": -float(own[1])}
        found.append(replace(item, task=ATTRIBUTES_TO_TOTAL, form=FORM, mos=mos, attributes=truth))
    return found


def one_set(noise: float = 0.3, held_out: int = HELD_OUT, source: str = "para") -> EvaluationSet:
    validation = None
    if held_out:
        validation = EvaluationSet("p.validation", source, items(PHOTOS, held_out))
    return EvaluationSet("p", source, items(0, PHOTOS, noise), validation=validation)


def answer(question: Question) -> str:
    """Attributes of the photo, and a total that goes with the first alone; every fourth answer
    forgets the order."""
    own = opinion(question.image_id)
    order = "total_first" if int(question.image_id[:4], 16) % 4 == 0 else "attributes_first"
    values = dict(zip(NAMES, own.tolist(), strict=True))
    return completion("so", format_score((own[0] + 1) / 2, values, order))


def judged(one: EvaluationSet, store: Store, answers: Any = answer) -> Measured:
    judge = FakeJudge(answers, "some@1")
    named = NamedJudge("some", judge.name, lambda: judge)
    ask(named, [one], store, lambda one: lambda done, total: None)
    return measure([named], [one], store, QUICK)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def figure(rows: Sequence[Row], metric: str, of: str | None = None, **more: Any) -> Row:
    return only(rows, metric, of=of, task=ATTRIBUTES_TO_TOTAL, **more)


def test_every_figure_against_a_computation_of_its_own(store: Store) -> None:
    one = one_set()
    rows = judged(one, store).results.to_pylist()
    assert {row["task"] for row in rows} == {ATTRIBUTES_TO_TOTAL}
    own = np.array([opinion(item.image_id) for item in one.items])
    mos = np.array([item.mos for item in one.items])
    for place, name in enumerate(NAMES):
        truth = [item.attributes[name] for item in one.items]
        for metric, correlation in (("srcc", spearmanr), ("plcc", pearsonr)):
            value = correlation(own[:, place], truth).statistic
            assert figure(rows, f"{metric}_attribute", name)["value"] == pytest.approx(value)
    total = np.round((own[:, 0] + 1) / 2, 2)
    row = figure(rows, "plcc", handling="excluded")
    assert row["value"] == pytest.approx(pearsonr(total, mos).statistic, abs=1e-2)
    # The validation photos' totals are exactly linear, so the regression finds the weights.
    for name, weight in zip(NAMES, WEIGHTS, strict=True):
        found = figure(rows, "regression_weight", name)
        assert found["value"] == pytest.approx(weight) and found["n"] == HELD_OUT
    for metric, correlation in (("srcc", spearmanr), ("plcc", pearsonr)):
        found = figure(rows, f"{metric}_regression")
        assert found["value"] == pytest.approx(
            correlation(np.round(own @ WEIGHTS, 9), mos).statistic
        )
        assert found["low"] <= found["value"] <= found["high"] and found["interval"] == "bootstrap"
        assert found["n"] == PHOTOS
    last = [int(item.image_id[:4], 16) % 4 != 0 for item in one.items]
    assert 0 < sum(last) < PHOTOS
    assert figure(rows, "total_last")["value"] == pytest.approx(np.mean(last))
    # Halo stands beside it.
    halo = spearmanr(own).statistic
    assert figure(rows, "halo", handling="excluded")["value"] == pytest.approx(float(halo))


def test_the_regression_is_fitted_on_validation_photos_and_never_on_the_sets_own(
    store: Store, tmp_path: Path
) -> None:
    one = one_set()
    before = figure(judged(one, store).results.to_pylist(), "regression_weight", "color")["value"]
    # Other truths of the set's own photos change no weight.
    turned = [replace(item, mos=1 - item.mos) for item in one.items if item.mos is not None]
    rows = judged(replace(one, items=turned), store).results.to_pylist()
    assert figure(rows, "regression_weight", "color")["value"] == before
    without = judged(one_set(held_out=0), Store(tmp_path / "other")).results.to_pylist()
    for metric in ("srcc_regression", "plcc_regression"):
        row = figure(without, metric)
        assert (row["value"], row["note"]) == (None, "no_validation_photos")
    assert not any(row["metric"] == "regression_weight" for row in without)
    few = judged(one_set(held_out=3), Store(tmp_path / "few")).results.to_pylist()
    assert figure(few, "srcc_regression")["note"] == "too_few_validation_photos"


def test_failed_answers_are_in_no_regression(store: Store) -> None:
    def half(question: Question) -> str:
        return answer(question) if int(question.image_id[4:8], 16) % 2 else "no"

    one = one_set()
    rows = judged(one, store, half).results.to_pylist()
    kept = [item for item in one.items if int(item.image_id[4:8], 16) % 2]
    assert figure(rows, "srcc_regression")["n"] == len(kept) < PHOTOS
    assert one.validation is not None
    held = [item for item in one.validation.items if int(item.image_id[4:8], 16) % 2]
    assert figure(rows, "regression_weight", "color")["n"] == len(held) < HELD_OUT
    assert figure(rows, "srcc", handling="worst")["n"] == PHOTOS


def test_a_judge_has_to_answer_the_validation_photos_too(store: Store) -> None:
    one = one_set()
    judge = FakeJudge(answer, "some@1", stop_after=PHOTOS + 2)
    named = NamedJudge("some", judge.name, lambda: judge)
    with pytest.raises(KeyboardInterrupt):
        ask(named, [one], store, lambda one: lambda done, total: None)
    assert one.validation is not None
    assert len(Predictions(store, judge.name, one.validation).unanswered()) == HELD_OUT - 2
    with pytest.raises(IncompleteError, match=r"13 of 15 questions of set p\.validation"):
        measure([named], [one], store, QUICK)
    # What the regression is fitted on is part of an evaluation's name.
    found = judged(one, store)
    other = replace(found, sets=[replace(one, validation=None)])
    assert evaluation_key(found, QUICK) != evaluation_key(other, QUICK)


def test_the_table_is_the_papers_with_its_rows_beside_ours(store: Store) -> None:
    found = {
        table.title: table
        for table in tables(judged(one_set(), store).results.to_pylist(), load_published())
    }
    table = found["p: attributes to total"]
    assert table.header[3:-2] == NAMES
    assert table.header[-2:] == ("total, by the judge", "total, by regression")
    lines = {row[:2]: row[2:] for row in table.rows}
    assert lines["JoPPO (published)", "SRCC"] == ("—", "0.768", "0.695", "0.789", "—")
    assert lines["GPT-4o (published)", "SRCC"] == ("—", "0.637", "0.667", "0.661", "—")
    assert lines["JoPPO (published)", "PLCC"] == ("—", "0.796", "—", "0.822", "—")
    assert "[" in lines["some", "SRCC"][-1] and lines["some", "SRCC"][0] == str(PHOTOS)
    assert table.note is not None and "own pages were not at hand" in table.note
    assert found["p: how totals come from attributes"].rows[0][2:] == ("15", "0.100", "0.300")
    assert "p: mean correlation between attributes" in found
    # The main table's figures of PARA, total asked first, are another experiment's.
    totals = found["p: totals against people"]
    assert [row[-3] for row in totals.rows if "(published)" in row[0]] == ["0.661", "0.789"]


def test_without_validation_photos_the_table_says_so(store: Store) -> None:
    rows = judged(one_set(held_out=0), store).results.to_pylist()
    table = next(t for t in tables(rows, load_published()) if t.title == "p: attributes to total")
    assert {row[-1] for row in table.rows if row[0] == "some"} == {"— (no validation photos)"}
    assert Figures(rows).of_task(ATTRIBUTES_TO_TOTAL)


def test_scenes_are_another_world(store: Store) -> None:
    rows = judged(one_set(source="scenes"), store).results.to_pylist()
    for table in tables(rows, load_published()):
        assert not any("published" in row[0] for row in table.rows)
        if "against people" in table.title or table.title.endswith("attributes to total"):
            assert table.note is not None and "another world" in table.note


def test_the_radar_is_drawn(store: Store) -> None:
    assert {"scatter-p", "calibration-p", "radar-p"} <= set(pictures(judged(one_set(), store)))


SCENES = {"per_category": 1, "seed": 9, "size": 32}


def test_scenes_by_the_protocol_and_their_validation_scenes(store: Store) -> None:
    def load(**values: Any) -> EvaluationSet:
        return load_set(SetConfig(name="mine", scenes=SCENES, **values), store, Path(), RUBRIC)

    plain, one = load(tasks=["score"]), load(protocol="attributes_to_total")
    assert [item.image_id for item in one.items] == [item.image_id for item in plain.items]
    assert [item.mos for item in one.items] == [item.mos for item in plain.items]
    prompt = score_prompt(RUBRIC.model_copy(update={"order": "attributes_first"}))
    assert {(item.task, item.prompt, item.form.order) for item in one.items} == {
        (ATTRIBUTES_TO_TOTAL, prompt, "attributes_first")
    }
    assert one.validation is None
    held = load(protocol="attributes_to_total", validation_scenes={**SCENES, "seed": 11}).validation
    assert held is not None and len(held.items) == 24
    assert not {i.image_id for i in held.items} & {i.image_id for i in one.items}
    # The set's own photos are not fitted on, whatever the config says.
    same = load(protocol="attributes_to_total", validation_scenes=SCENES)
    assert same.validation is None


SPLITS = ["train"] * 40 + ["test"] * 8


def from_csv(folder: Path, **values: Any) -> EvaluationSet:
    """Photos 0 to 47 of a dataset with a train and a test part; the last one stands in both."""
    (folder / "images").mkdir(exist_ok=True)
    lines = ["image,score,part"]
    for number, split in enumerate(SPLITS):
        content = jpeg(0) if number == len(SPLITS) - 1 else jpeg(number)
        (folder / "images" / f"{number}.png").write_bytes(content)
        lines.append(f"{number}.png,{number / 50},{split}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    columns = {"mos": "score", "scale": [0, 1], "split": "part"}
    source = {"kind": "photos_csv", "labels": "labels.csv", "images": "images", "columns": columns}
    source |= values.pop("source", {})
    config = SetConfig(name="mine", source=source, protocol="attributes_to_total", **values)
    return load_set(config, Store(folder / "s"), folder, RUBRIC)


def test_a_datasets_validation_photos_are_no_test_photos(tmp_path: Path) -> None:
    one = from_csv(tmp_path, source={"validation_share": 1.0})
    assert {item.item for item in one.items} == {f"{n}.png" for n in range(40, 48)}
    assert one.validation is not None and one.validation.name == "mine.validation"
    # Photo 0 is the same file as test photo 47.
    assert {item.item for item in one.validation.items} == {f"{n}.png" for n in range(1, 40)}
    few = from_csv(tmp_path, source={"validation_share": 1.0}, validation_limit=5)
    assert few.validation is not None and 4 <= len(few.validation.items) <= 5
    few = from_csv(tmp_path, source={"validation_share": 1.0}, limit=3)
    assert few.validation is not None and len(few.items) == 3
    assert 2 <= len(few.validation.items) <= 3


def test_a_set_without_validation_photos_has_none(tmp_path: Path) -> None:
    for values in (
        {"source": {"validation_share": 0.0}},
        {"split": "all"},
        {"split": "validation"},
    ):
        assert from_csv(tmp_path, **values).validation is None


def test_a_snapshots_scores_are_asked_for_in_the_other_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    build(store, SceneSourceConfig(per_category=2, size=32))
    one = load_set(
        SetConfig(name="mine", snapshot="latest", protocol="attributes_to_total"),
        store,
        Path(),
        RUBRIC,
    )
    assert {item.task for item in one.items} == {ATTRIBUTES_TO_TOTAL}
    assert {item.form.order for item in one.items} == {"attributes_first"}
    assert one.validation is not None and one.validation.items
    plain = load_set(
        SetConfig(name="mine", snapshot="latest", split="validation", tasks=["score"]),
        store,
        Path(),
        RUBRIC,
    )
    assert {i.image_id for i in one.validation.items} == {i.image_id for i in plain.items}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"snapshot": "latest", "tasks": ["composition"]}, "asks for scores, tasks does not"),
        ({"scenes": SCENES, "protocol": "total", "validation_scenes": SCENES}, "goes with scenes"),
        ({"snapshot": "latest", "validation_scenes": SCENES}, "goes with scenes"),
        ({"snapshot": "latest", "protocol": "other"}, "attributes_to_total"),
        ({"source": {"kind": "mmperspective", "labels": "q", "images": "i"}}, "its own questions"),
    ],
)
def test_configs_that_cannot_work(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SetConfig(**{"name": "mine", "protocol": "attributes_to_total", **values})
