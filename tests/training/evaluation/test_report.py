"""Tables, page and pictures: every figure with n, failures and versions, published ones apart."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from joppo.data.store.store import Store
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.judges import NamedJudge
from joppo.training.evaluation.plots import calibration_bins
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.read_results import all_results, read_results
from joppo.training.evaluation.run import IncompleteError, Measured, ask, measure
from joppo.training.evaluation.store import evaluation_key, write
from joppo.training.evaluation.tables import tables
from joppo.training.evaluation.text_table import TextTable
from tests.training.evaluation.evaluating import QUICK
from tests.training.evaluation.judging import FakeJudge, choice_item, guess, score_item

PAPER = Published(
    reference="Somebody, 2026",
    expected={"para": ("Ours", "Theirs")},
    figures=(
        {
            "judge": "Ours",
            "source": "para",
            "metric": "srcc",
            "value": 0.75,
            "reference": "table 1, row 3",
        },
    ),
)


def evaluation_set(name: str = "mine", source: str = "para") -> EvaluationSet:
    rng = np.random.default_rng(0)
    truth = rng.uniform(-1, 1, size=(30, 2))
    scores = [
        score_item(i, float(t.mean() / 2 + 0.5), composition=float(t[0]), color=float(t[1]))
        for i, t in enumerate(truth)
    ]
    return EvaluationSet(
        name, source, [*scores, *(choice_item(i, "ABC"[i % 3]) for i in range(30))]
    )


def half_silent(question):
    return guess(question) if int(question.image_id[0], 16) % 2 else "no"


def judged(store: Store, sets: Sequence[EvaluationSet]) -> Measured:
    judges = []
    for label, answer in (("base", half_silent), ("better", guess)):
        judge = FakeJudge(answer, f"{label}@1")
        judges.append(NamedJudge(label, judge.name, lambda judge=judge: judge))
    for judge in judges:
        ask(judge, sets, store, lambda one: lambda done, total: None)
    return measure(judges, sets, store, QUICK)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joppo.training.evaluation.store.pictures", lambda measured: {})


def titled(found: Sequence[TextTable], part: str) -> TextTable:
    (one,) = [table for table in found if part in table.title]
    return one


def test_both_ways_of_counting_failures_and_published_rows(store: Store) -> None:
    found = tables(judged(store, [evaluation_set()]).results.to_pylist(), PAPER)
    totals = titled(found, "totals against people")
    rows = {(row[0], row[1]): row for row in totals.rows}
    unparsed = int(rows["base", "worst"][3])
    assert int(rows["base", "excluded"][2]) == 30 - unparsed < 30
    assert rows["base", "worst"][2] == "30" and rows["better", "none"][3] == "0"
    assert ("better", "excluded") not in rows
    assert rows["Ours (published)", "—"][-3:] == ("0.750", "—", "—")
    assert rows["Theirs (published)", "—"][-3:] == ("—", "—", "—")
    assert "[" in rows["better", "none"][5]


def test_every_kind_of_table_is_there(store: Store) -> None:
    found = tables(judged(store, [evaluation_set()]).results.to_pylist(), PAPER)
    for part in (
        "multiple choice",
        "attributes",
        "mean correlation between attributes",
        "differences between judges",
        "accuracy by class",
        "failures by reason",
    ):
        table = titled(found, part) if part != "attributes" else titled(found, "mine: attributes")
        assert table.rows and all(len(row) == len(table.header) for row in table.rows)
    people = [row for row in titled(found, "mine: attributes").rows if row[0] == "people"]
    assert len(people) == 1


def test_a_source_without_published_figures_has_no_such_row(store: Store) -> None:
    found = tables(judged(store, [evaluation_set(source="oasis")]).results.to_pylist(), PAPER)
    assert not any("published" in cell for table in found for row in table.rows for cell in row)


@pytest.mark.usefixtures("without_pictures")
def test_the_page_says_which_versions_and_how(store: Store) -> None:
    measured = judged(store, [evaluation_set("first"), evaluation_set("second | set", "oasis")])
    written = write(measured, PAPER, QUICK, store)
    for part in (
        "base@1",
        "better@1",
        measured.sets[0].digest,
        "200 resamples, seed 0",
        "Somebody, 2026",
        "Ours (published)",
        "second \\| set",
    ):
        assert part in written.page
    widths = [
        line.replace("\\|", "").count("|") for line in written.page.splitlines() if line[:1] == "|"
    ]
    assert min(widths) >= 3


def test_pictures_show_something(store: Store) -> None:
    written = write(judged(store, [evaluation_set()]), PAPER, QUICK, store)
    assert set(written.pictures) == {
        "scatter-mine",
        "calibration-mine",
        "radar-mine",
        "confusion-mine-composition",
    }
    for name, content in written.pictures.items():
        image = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        assert min(image.shape[:2]) > 300 and len(np.unique(image.reshape(-1, 3), axis=0)) > 50
        assert store.read_bytes(f"{written.folder}/{name}.png") == content


def test_a_judge_that_never_answers_in_form_still_has_a_page(store: Store) -> None:
    one = evaluation_set()
    judge = FakeJudge(lambda question: "no", "mute@1")
    named = NamedJudge("mute", judge.name, lambda: judge)
    ask(named, [one], store, lambda one: lambda done, total: None)
    written = write(measure([named], [one], store, QUICK), PAPER, QUICK, store)
    assert "| mute | excluded | 0 | 30 | 0 | — (too few) |" in written.page
    assert "scatter-mine" not in written.pictures and "radar-mine" not in written.pictures


def test_the_same_answers_give_the_same_evaluation(store: Store, tmp_path: Path) -> None:
    one, elsewhere = evaluation_set(), Store(tmp_path / "other")
    first = write(judged(store, [one]), PAPER, QUICK, store)
    again = judged(store, [one])
    assert evaluation_key(again, QUICK) == first.key
    assert evaluation_key(again, QUICK.model_copy(update={"seed": 1})) != first.key
    other = write(judged(elsewhere, [one]), PAPER, QUICK, elsewhere)
    assert (other.key, other.page, other.pictures) == (first.key, first.page, first.pictures)
    assert read_results(store, first.key).equals(read_results(elsewhere, first.key))


@pytest.mark.usefixtures("without_pictures")
def test_all_evaluations_of_a_store_are_one_table(store: Store) -> None:
    assert all_results(store).num_rows == 0
    keys = {write(judged(store, [evaluation_set(name)]), PAPER, QUICK, store).key for name in "ab"}
    found = all_results(store)
    assert set(found["evaluation"].to_pylist()) == keys
    assert found.num_rows == sum(read_results(store, key).num_rows for key in keys)


def test_half_an_evaluation_gives_no_figures(store: Store) -> None:
    judge = FakeJudge(name="slow@1", stop_after=7)
    named = NamedJudge("slow", judge.name, lambda: judge)
    one = evaluation_set()
    with pytest.raises(KeyboardInterrupt):
        ask(named, [one], store, lambda one: lambda done, total: None)
    with pytest.raises(IncompleteError, match="slow has not answered 53 of 60"):
        measure([named], [one], store, QUICK)


def test_a_finished_judge_is_not_even_opened(store: Store) -> None:
    one = evaluation_set()
    judge = FakeJudge(name="once@1")
    ask(NamedJudge("once", judge.name, lambda: judge), [one], store, lambda o: lambda a, b: None)

    def refuse():
        raise AssertionError("opened")

    told: list[tuple[int, int]] = []
    ask(
        NamedJudge("once", judge.name, refuse),
        [one],
        store,
        lambda o: lambda a, b: told.append((a, b)),
    )
    assert told == [(60, 60)]


def test_calibration_groups_hold_everything_once() -> None:
    rng = np.random.default_rng(0)
    totals = rng.integers(0, 5, size=200) / 4
    mos = rng.uniform(size=200)
    x, y, half = calibration_bins(totals, mos)
    assert sorted(x) == list(x) and len(x) <= 5 and (half > 0).all()
    assert {0.0, 0.25, 0.5} <= set(x)
    one, _, _ = calibration_bins(np.full(4, 0.5), mos[:4])
    assert one.tolist() == [0.5]
    x, y, _ = calibration_bins(np.linspace(0, 1, 100), np.linspace(0, 1, 100))
    assert len(x) == 10 and np.allclose(x, y)
