"""From truth and answers to the table of figures: analytic values, failures, ties, edges."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from benchmarks.evaluation import answers_of, figures, noisy, truth_of
from joppo.data.datasets.base import Label
from joppo.data.datasets.mmperspective import TASKS
from joppo.data.datasets.ready import read_ready
from joppo.data.questions.answer_format import AnswerFormat
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.items import Item
from joppo.training.evaluation.results import RESULTS, results_table
from tests.training.evaluation.evaluating import chose, only, results, scored
from tests.training.evaluation.judging import choice_item, score_item

RNG = np.random.default_rng(0)
MOS = RNG.uniform(size=40)
TOTALS = np.round(np.clip(MOS + 0.1 * RNG.normal(size=40), 0, 1), 2)
ITEMS = [score_item(i, mos) for i, mos in enumerate(MOS)]
ANSWERS = list(zip(ITEMS, TOTALS, strict=True))


def test_known_vectors_give_scipys_values() -> None:
    rows = results(ITEMS, [scored(i, t) for i, t in ANSWERS])
    for handling in ("excluded", "worst"):
        srcc = only(rows, "srcc", handling=handling)
        assert srcc["value"] == pytest.approx(spearmanr(TOTALS, MOS).statistic)
        assert srcc["low"] < srcc["value"] < srcc["high"]
        plcc = only(rows, "plcc", handling=handling)
        assert plcc["value"] == pytest.approx(pearsonr(TOTALS, MOS).statistic)
        assert only(rows, "plcc_logistic", handling=handling)["value"] >= plcc["value"] - 2e-3
    assert (srcc["n"], srcc["unparsed"], srcc["rejected"]) == (40, 0, 0)
    assert (srcc["judge"], srcc["seed"], srcc["resamples"], srcc["level"]) == ("a@1", 0, 200, 0.95)
    assert only(rows, "parse_rate")["value"] == 1
    assert results_table(rows).schema == RESULTS


def test_failed_answers_count_in_two_ways() -> None:
    rows = results(
        ITEMS,
        [scored(i, None if k < 10 else t) for k, (i, t) in enumerate(ANSWERS)],
    )
    excluded, worst = (only(rows, "srcc", handling=h) for h in ("excluded", "worst"))
    assert excluded["value"] == pytest.approx(spearmanr(TOTALS[10:], MOS[10:]).statistic)
    filled = np.where(np.arange(40) < 10, -1, TOTALS)
    assert worst["value"] == pytest.approx(spearmanr(filled, MOS).statistic)
    assert (excluded["n"], worst["n"]) == (30, 40)
    assert excluded["unparsed"] == worst["unparsed"] == 10
    zero = np.where(np.arange(40) < 10, 0, TOTALS)
    assert only(rows, "plcc", handling="worst")["value"] == pytest.approx(
        pearsonr(zero, MOS).statistic
    )
    assert only(rows, "parse_rate")["value"] == pytest.approx(0.75)
    assert only(rows, "unparsed_by_reason", of="missing_tag")["value"] == 10


@pytest.mark.parametrize(
    ("totals", "note"),
    [([0.5] * 40, "constant"), ([None] * 40, "too_few"), ([0.1, 0.2] + [None] * 38, "too_few")],
)
def test_what_is_undefined_is_null_with_a_note(totals: list[float | None], note: str) -> None:
    rows = results(ITEMS, [scored(i, t) for i, t in zip(ITEMS, totals, strict=True)])
    for metric in ("srcc", "plcc", "plcc_logistic"):
        row = only(rows, metric, handling="excluded")
        assert row["value"] is None and row["low"] is None and row["note"].startswith(note)


def test_a_judge_that_ranks_backwards_has_no_fitted_curve() -> None:
    rows = results(ITEMS, [scored(i, 1 - t) for i, t in ANSWERS])
    assert only(rows, "plcc", handling="worst")["value"] < -0.8
    fitted = only(rows, "plcc_logistic", handling="worst")
    assert fitted["value"] is None and fitted["note"] == "falling_curve"


def test_attributes_against_truth_and_total() -> None:
    rng = np.random.default_rng(1)
    truth, said = rng.uniform(-1, 1, size=(2, 60, 2))
    said = 0.6 * truth + 0.4 * said
    mos = truth.mean(axis=1) / 2 + 0.5
    items = [
        score_item(i, float(mos[i]), composition=float(t[0]), color=float(t[1]), mood=0.1)
        for i, t in enumerate(truth)
    ]
    totals = said.mean(axis=1) / 2 + 0.5
    rows = results(
        items,
        [
            scored(i, float(t), float(s[0]), float(s[1]))
            for i, t, s in zip(items, totals, said, strict=True)
        ],
    )
    for place, name in enumerate(("composition", "color")):
        own, real = said[:, place], truth[:, place]
        assert only(rows, "srcc_attribute", of=name)["value"] == pytest.approx(
            spearmanr(own, real).statistic
        )
        assert only(rows, "plcc_attribute", of=name)["value"] == pytest.approx(
            pearsonr(own, real).statistic
        )
        row = only(rows, "attribute_to_total", of=name)
        assert row["value"] == pytest.approx(spearmanr(own, totals).statistic)
        assert (row["n"], row["handling"]) == (60, "excluded") and row["low"] < row["high"]
    excess = only(rows, "halo")["value"] - only(rows, "halo_truth")["value"]
    assert only(rows, "halo_excess")["value"] == pytest.approx(excess)


def test_without_a_known_attribute_there_are_no_figures_of_its_truth() -> None:
    items = [score_item(i, i / 10, valence=0.1) for i in range(10)]
    rng = np.random.default_rng(2)
    rows = results(items, [scored(i, i.mos, *map(float, rng.normal(size=2))) for i in items])
    metrics = {row["metric"] for row in rows}
    assert {"attribute_to_total", "attribute_to_mos", "halo"} <= metrics
    assert not metrics & {"srcc_attribute", "plcc_attribute", "halo_truth", "halo_excess"}


def test_choices() -> None:
    items = [choice_item(i, "AB"[i % 2]) for i in range(20)]
    answers = ["A"] * 10 + ["B"] * 8 + [None] * 2
    rows = results(items, [chose(i, a) for i, a in zip(items, answers, strict=True)])
    hits = [item.accepted[0] == a for item, a in zip(items, answers, strict=True)]
    assert only(rows, "accuracy", handling="worst")["value"] == pytest.approx(np.mean(hits))
    assert only(rows, "accuracy", handling="excluded")["value"] == pytest.approx(np.mean(hits[:18]))
    one = only(rows, "accuracy_class", of="one", handling="worst")
    assert (one["n"], one["interval"]) == (10, "wilson")
    assert one["resamples"] is None and one["seed"] is None
    assert only(rows, "accuracy_macro", handling="worst")["interval"] == "bootstrap"


def test_several_right_answers() -> None:
    form = AnswerFormat("term", ("x", "y", "z"))
    base = choice_item(0, "A")
    item = Item(
        base.image_id,
        "0.png",
        "composition",
        "Name it.",
        form,
        base.read,
        accepted=("x", "y"),
        classes=("X", "Y", "Z"),
    )
    for answer, value in (("x", 1), ("y", 1), ("z", 0)):
        rows = results([item], [chose(item, answer)])
        assert only(rows, "accuracy", handling="worst")["value"] == value
        expected = answer.upper() if value else "X"
        assert only(rows, "accuracy_class", of=expected, handling="worst")["value"] == value


def test_mmperspective_overall_is_the_mean_of_its_tasks() -> None:
    tasks = [task for group in TASKS.values() for task in group]
    items, answers = [], []
    for place, task in enumerate(tasks):
        for number in range(1 + place):
            items.append(choice_item(100 * place + number, "A", task))
            answers.append("A" if number % 2 == 0 else "B")
    for number in range(4):
        group = f"group{number // 2}"
        items.append(choice_item(2000 + number, "A", "robustness", group=group))
        answers.append("B" if number == 0 else "A")
    rows = results(
        items, [chose(i, a) for i, a in zip(items, answers, strict=True)], source="mmperspective"
    )
    by_task = [only(rows, "accuracy", task=task, handling="worst")["value"] for task in tasks]
    overall = only(rows, "mmp_overall", handling="worst")
    assert overall["value"] == pytest.approx(np.mean(by_task))
    assert overall["task"] is None and overall["note"] is None and overall["n"] == 45
    assert only(rows, "mmp_robustness")["value"] == pytest.approx(0.5)


def test_mmperspective_says_when_tasks_are_missing() -> None:
    items = [choice_item(i, "A", "VPP") for i in range(3)]
    rows = results(items, [chose(i, "A") for i in items], source="mmperspective")
    assert only(rows, "mmp_overall", handling="worst")["note"] == "1 of 9 tasks"


def test_every_two_judges_are_compared_on_the_same_photos() -> None:
    good = [scored(i, t) for i, t in ANSWERS]
    poor = [scored(i, float(t)) for i, t in zip(ITEMS, RNG.permutation(TOTALS), strict=True)]
    rows = results(ITEMS, poor, good, good)
    row = only(rows, "srcc_difference", label="b", versus="a", handling="worst")
    gap = only(rows, "srcc", label="b", handling="worst")["value"]
    gap -= only(rows, "srcc", label="a", handling="worst")["value"]
    assert row["value"] == pytest.approx(gap) and row["p"] == pytest.approx(2 / 201)
    assert only(rows, "srcc_difference", label="c", versus="b", handling="worst")["p"] == 1
    pairs = {(r["label"], r["versus"]) for r in rows if r["versus"]}
    assert pairs == {("b", "a"), ("c", "a"), ("c", "b")}


def test_excluded_pairs_are_those_that_both_answered() -> None:
    one = [scored(i, None if i in ITEMS[:5] else t) for i, t in ANSWERS]
    other = [scored(i, None if i in ITEMS[35:] else t) for i, t in ANSWERS]
    rows = results(ITEMS, one, other)
    assert only(rows, "srcc_difference", handling="excluded")["n"] == 30
    assert only(rows, "srcc_difference", handling="worst")["n"] == 40


def test_the_order_of_the_answers_does_not_matter() -> None:
    answers = [scored(i, t) for i, t in ANSWERS]
    assert results(ITEMS, answers) == results(ITEMS, answers[::-1])


def test_ready_labels_with_known_noise_give_the_analytic_values(real_data: Path) -> None:
    """AVA's 19,930 human scores as totals: 1 without noise, and by normal theory with noise."""
    labels = [
        one for one in read_ready(real_data / "iaa" / "AVA_test.json") if isinstance(one, Label)
    ]
    truth = truth_of(labels)
    assert truth.num_rows == 19_930
    for noise in (0.0, 0.5, 1.0):
        answers = answers_of(truth, noisy(truth, noise))
        rows = figures(truth, answers, FiguresConfig(resamples=100))
        expected = 1 / np.sqrt(1 + noise**2)
        plcc, srcc = (only(rows, name, handling="worst")["value"] for name in ("plcc", "srcc"))
        assert plcc == pytest.approx(expected, abs=0.005)
        # AVA's means are nearly normal, so the relation of SRCC to PLCC is nearly that one.
        assert srcc == pytest.approx(6 / np.pi * np.arcsin(expected / 2), abs=0.01)
