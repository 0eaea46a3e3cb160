"""Means of drawn answers: what counts, what is kept of a failure, and in which order."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.questions.answer_format import AnswerFormat, completion, format_score
from joppo.data.store.store import Store
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.predict import UnansweredError, predict
from joppo.training.evaluation.predictions import Predictions
from joppo.training.judges.judge import Question, Reply
from joppo.training.judges.mean import MeanJudge, mean_judge, mean_name, mean_reply
from joppo.training.judges.parse_reply import no_reply, read_reply
from tests.training.evaluation.judging import NAMES, SCORE_FORM, choice_item, score_item

CHOICE = AnswerFormat("choice", ("A", "B"))


def scored(total: float, *attributes: float) -> Reply:
    values = dict(zip(NAMES, attributes, strict=True))
    return read_reply(completion(f"about {total}", format_score(total, values)), SCORE_FORM)


class Drawing:
    """Draws the totals 0.2 and 0.6; one draw may be lost or out of form."""

    name = "drawing@1"

    def __init__(self, second: Reply | None = None) -> None:
        self.second = second or scored(0.6, -0.4, 0.2)
        self.calls: list[tuple[str, int]] = []

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        asked = list(questions)
        self.calls.append(("ask", len(asked)))
        for question in asked:
            question.photo()
            yield read_reply(completion("one", "A"), question.form)

    def sample(self, questions: Iterable[Question], count: int) -> Iterator[tuple[Reply, ...]]:
        asked = list(questions)
        self.calls.append(("sample", len(asked)))
        for question in asked:
            question.photo()
            yield (scored(0.2, 0.0, 1.0), self.second)[:count]


@given(st.lists(st.tuples(*[st.integers(-100, 100)] * 2, st.integers(0, 100)), min_size=1))
def test_the_mean_is_that_of_the_numbers(drawn: list[tuple[int, int, int]]) -> None:
    values = np.array(drawn) / 100
    reply = mean_reply([scored(total, first, second) for first, second, total in values])
    assert reply.judgement.total == pytest.approx(values[:, 2].mean())
    assert reply.judgement.attributes == pytest.approx(tuple(values[:, :2].mean(axis=0)))
    nearest = np.abs(values[:, 2] - values[:, 2].mean()).min()
    said = float(reply.explanation.split()[1])
    assert abs(said - values[:, 2].mean()) == pytest.approx(nearest)


def test_answers_out_of_form_do_not_count() -> None:
    reply = mean_reply([no_reply(SCORE_FORM, "missing_tag"), scored(0.4, 0.1, 0.2)])
    assert reply.judgement.ok and reply.judgement.total == 0.4


def test_with_none_in_form_the_most_frequent_reason_is_given() -> None:
    replies = [read_reply(text, SCORE_FORM) for text in ("x", completion("a", "b"), "y")]
    reply = mean_reply(replies)
    assert not reply.judgement.ok and math.isnan(reply.judgement.total)
    assert (reply.raw_text, reply.judgement.reason) == ("x", replies[0].judgement.reason)
    assert replies[1].judgement.reason != replies[0].judgement.reason


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no replies"):
        mean_reply([])
    with pytest.raises(ValueError, match="at least one"):
        MeanJudge(Drawing(), 0)


def test_no_samples_leave_the_judge_as_it_is() -> None:
    judge = Drawing()
    assert mean_judge(judge, 0) is judge
    assert mean_name("a@1", 0) == "a@1" and mean_judge(judge, 2).name == "drawing@1*2"


def evaluation() -> EvaluationSet:
    items = [
        item
        for n in range(3)
        for item in (score_item(n, 0.5, composition=0.1, color=0.2), choice_item(n, "A"))
    ]
    return EvaluationSet("set", "scenes", items, [])


def test_a_set_of_both_kinds_is_asked_kind_by_kind(tmp_path: Any) -> None:
    judge, one = Drawing(), evaluation()
    found = Predictions(Store(tmp_path), "drawing@1*2", one)
    predict(mean_judge(judge, 2), found, found.unanswered())
    assert judge.calls == [("ask", 3), ("sample", 3)]
    rows = {row["question"]: row for row in found.table().to_pylist()}
    for item in one.items:
        row = rows[item.question]
        assert (row["image_id"], row["status"]) == (item.image_id, "ok")
        if item.task == "score":
            assert row["total"] == pytest.approx(0.4)
            assert dict(row["attributes"])["composition"] == pytest.approx(-0.2)
        else:
            assert row["answer"] == "A"


def test_a_draw_that_a_provider_failed_to_give_leaves_the_question_open(tmp_path: Any) -> None:
    judge, one = Drawing(no_reply(SCORE_FORM, "server_error", tries=3)), evaluation()
    found = Predictions(Store(tmp_path), "drawing@1*2", one)
    with pytest.raises(UnansweredError, match=r"3 of 6.*server_error"):
        predict(mean_judge(judge, 2), found, found.unanswered())
    assert {item.task for item in found.unanswered()} == {"score"}


def test_a_choice_keeps_its_one_answer() -> None:
    judge = MeanJudge(Drawing(), 2)
    question = Question("p", lambda: None, "Which?", CHOICE)
    assert [reply.judgement.text for reply in judge.ask([question])] == ["A"]
