"""The small evaluation inside training uses the figures of the large one."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.training.trainer.held_out import figures_of, pick, score_figures
from joppo.training.trainer.readings import Reading, is_scored, read_preference, read_taught

NAMES = ("composition", "light")


def reading(truth: float, total: float | None) -> Reading:
    ok = total is not None
    return Reading("score", ok, total=math.nan if total is None else total, truth=truth)


def test_an_answer_that_failed_ranks_last() -> None:
    mos = (0.1, 0.2, 0.3, 0.4)
    good = [reading(m, m) for m in mos]
    assert score_figures(good) == {
        "srcc_total": pytest.approx(1.0),
        "plcc_total": pytest.approx(1.0),
    }
    failed = score_figures([*good[:3], reading(0.4, None)])
    assert failed["srcc_total"] == pytest.approx(-0.2)
    # Of (0.1, 0.2, 0.3, 0): covariance 0.1 x -0.01, by hand.
    assert failed["plcc_total"] == pytest.approx(-0.2)


@pytest.mark.parametrize("totals", [[0.5, 0.5, 0.5], [0.1, 0.9]])
def test_what_is_undefined_is_absent(totals: list[float]) -> None:
    assert score_figures([reading(n, t) for n, t in enumerate(totals)]) == {}


def taught(answer: str, task: str = "aesthetic") -> dict[str, Any]:
    return {"task": task, "messages": [], "answer": answer, "key": answer}


@pytest.mark.parametrize(
    ("answer", "reply", "expected"),
    [
        ("Score: 0.40", "Score: 0.60", Reading("aesthetic", True, total=0.6, truth=0.4)),
        (
            "light: 0.10, Score: 0.40",
            "light: 0.50, Score: 0.60",
            Reading("aesthetic", True, total=0.6, truth=0.4),
        ),
        ("rule of thirds", "rule of thirds", Reading("aesthetic", True, hit=True)),
        ("rule of thirds", "center", Reading("aesthetic", True)),
    ],
)
def test_answers_to_conversations(answer: str, reply: str, expected: Reading) -> None:
    text = f"<think>Soft light.</think><answer>{reply}</answer>"
    assert read_taught(taught(answer), text) == expected
    assert is_scored(taught(answer)) == (expected.truth is not None)


@pytest.mark.parametrize("reply", ["Score: 0.60", "light: 0.1, Score: 2.00", "soft"])
def test_a_score_in_another_form_is_none(reply: str) -> None:
    row = taught("light: 0.10, Score: 0.40")
    found = read_taught(row, f"<think>Soft light.</think><answer>{reply}</answer>")
    assert not found.ok and math.isnan(found.total) and found.truth == 0.4


def test_answers_to_prompts_of_joppo() -> None:
    score = {"task": "score", "choices": [], "mos": 0.3, "answer": None}
    answer = "<think>Soft.</think><answer>Score: 0.5, composition: 0.1, light: 0.2</answer>"
    assert read_preference(score, answer, NAMES) == Reading("score", True, total=0.5, truth=0.3)
    choice = {"task": "composition", "choices": ["a", "b"], "mos": None, "answer": "B"}
    found = read_preference(choice, "<think>Soft.</think><answer>B</answer>", NAMES)
    assert found == Reading("composition", True, hit=True)
    assert is_scored(score) and not is_scored(choice)


def test_figures_by_hand() -> None:
    readings = [
        *(reading(m, m) for m in (0.1, 0.2, 0.3)),
        Reading("composition", True, hit=True),
        Reading("composition", False),
        Reading("perspective", True, hit=True),
        Reading("perspective", True, hit=True),
    ]
    assert figures_of(readings) == {
        "parse_rate": pytest.approx(6 / 7),
        "srcc_total": pytest.approx(1.0),
        "plcc_total": pytest.approx(1.0),
        "accuracy": 0.75,
        "accuracy_composition": 0.5,
        "accuracy_perspective": 1.0,
    }


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 40))
def test_half_of_the_rows_are_scored_photos(scored: int, others: int, count: int) -> None:
    tasks = ["score"] * scored + ["composition"] * others
    rows = [{"task": task, "mos": 0.5, "key": str(i)} for i, task in enumerate(tasks)]
    found = pick(rows, count)
    assert len(found) == min(count, scored + others)
    given_scores = sum(map(is_scored, found))
    assert given_scores >= min(scored, count // 2)
    assert len(found) - given_scores >= min(others, count // 2)
    assert pick(rows[::-1], count) == found
