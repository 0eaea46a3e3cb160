"""The grounded teacher behind the protocol of all teachers."""

import asyncio

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.teachers.base import Teacher, make_request
from joppo.data.teachers.grounded.teacher import GroundedTeacher
from joppo.data.teachers.parse_response import parse_reply

CONTEXT = {
    "claims": [{"tone": "dark", "contrast": "low"}],
    "label": {"categories": [3], "perspective": None, "mos": None, "attributes": {}},
    "question": {
        "task": "composition",
        "topic": "category",
        "form": "multiple_choice",
        "kind": "choice",
        "truth": "B",
        "meaning": "Centered Single Point",
        "wrong": ["Pattern"],
        "definitions": {"Pattern": "things repeat"},
        "target": None,
        "attributes": [],
    },
}


def _request(**params: object):
    return make_request(
        provider="grounded",
        model="grounded-1",
        template_id="t@1",
        prompt="p",
        params=params,
        context=CONTEXT,
    )


def test_it_answers_in_the_form_at_no_cost() -> None:
    teacher = GroundedTeacher()
    assert isinstance(teacher, Teacher)
    answer = asyncio.run(teacher.ask(_request()))
    assert (answer.status, answer.cost_usd, answer.latency_s, answer.attempts) == ("ok", 0, 0, 1)
    reasoning, parsed = parse_reply(answer.raw_text, AnswerFormat("choice", ("A", "B", "C", "D")))
    assert parsed.choice == "B" and "Centered Single Point" in reasoning


def test_parameters_shorten_the_text() -> None:
    long = GroundedTeacher().answer(_request()).raw_text
    short = GroundedTeacher().answer(_request(max_facts=0, exclude=False)).raw_text
    assert "Pattern" in long and "Pattern" not in short and len(short) < len(long)
