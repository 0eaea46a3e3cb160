"""Raw teacher text: parsed, or refused with a sentence that a repair prompt can quote."""

import pytest

from joppo.data.questions.answer_format import (
    AnswerError,
    AnswerFormat,
    completion,
    parse_completion,
)
from joppo.data.teachers.base import make_request
from joppo.data.teachers.reply_form import reply_problem

CHOICE = AnswerFormat("choice", ("A", "B"))


def test_a_reply() -> None:
    reasoning, answer = parse_completion(completion(" why ", " B "), CHOICE, needs_reasoning=True)
    assert (reasoning, answer.choice) == ("why", "B")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "missing_tag"),
        (completion("", "A"), "empty_reasoning"),
        (completion("why", "A) Diagonal"), "not_a_choice"),
        (completion("why <answer>A</answer>", "B"), "duplicate_tag"),
    ],
)
def test_what_is_no_reply(text: str, reason: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_completion(text, CHOICE, needs_reasoning=True)
    assert caught.value.reason == reason


def test_a_problem_is_told_in_a_sentence() -> None:
    request = make_request(
        provider="openai",
        model="m",
        template_id="t@1",
        prompt="p",
        form=AnswerFormat("score", ("color",)),
    )
    assert reply_problem(request, completion("why", "Score: 0.5, color: 0.1")) is None
    problem = reply_problem(request, completion("why", "Score: 0.5"))
    assert problem == "no value for color"
