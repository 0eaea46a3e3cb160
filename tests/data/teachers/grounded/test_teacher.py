"""The grounded teacher behind the protocol of all teachers."""

import asyncio
from dataclasses import replace

from joppo.data.questions.answer_format import AnswerFormat, parse_completion
from joppo.data.questions.question import Question, Subject
from joppo.data.questions.template_pool import load_templates
from joppo.data.teachers.base import Teacher, make_request
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.context import Context
from joppo.data.teachers.grounded.teacher import GroundedTeacher
from joppo.data.teachers.providers import make_teacher

FORM = AnswerFormat("choice", ("A", "B", "C", "D"))
TEMPLATE = next(t for t in load_templates() if t.id == "composition-choice-name")
QUESTION = Question(TEMPLATE, "?", FORM, "B", "Centered Single Point", wrong=("Pattern",))
CONTEXT = Context(
    QUESTION,
    Subject({"image_id": "0"}, {"categories": [3]}),
    ({"tone": "dark", "contrast": "low"},),
)


def _teacher() -> GroundedTeacher:
    config = ProviderConfig(name="g", provider="grounded", model="grounded-1")
    teacher = make_teacher(config)
    assert isinstance(teacher, GroundedTeacher)
    return teacher


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
    teacher = _teacher()
    assert isinstance(teacher, Teacher)
    answer = asyncio.run(teacher.ask(_request()))
    assert (answer.status, answer.cost_usd, answer.latency_s, answer.attempts) == ("ok", 0, 0, 1)
    reasoning, parsed = parse_completion(answer.raw_text, FORM)
    assert parsed.choice == "B" and "Centered Single Point" in reasoning


def test_parameters_shorten_the_text() -> None:
    long = _teacher().answer(_request()).raw_text
    short = _teacher().answer(_request(max_facts=0, exclude=False)).raw_text
    assert "Pattern" in long and "Pattern" not in short and len(short) < len(long)


def test_the_wording_of_the_prompt_does_not_change_the_text() -> None:
    request = _request()
    reworded = replace(request, prompt="q", request_id="0" * 64)
    assert _teacher().answer(reworded).raw_text == _teacher().answer(request).raw_text
    assert _teacher().answer(replace(request, model="other")).raw_text != (
        _teacher().answer(request).raw_text
    )
