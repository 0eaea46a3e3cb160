"""Raw teacher text -> reasoning and parsed answer.

Raw texts are kept as they came, so that a changed parser or check reads them again at no cost.
"""

from joppo.data.questions.answer_format import Answer, AnswerError, AnswerFormat, parse_answer
from joppo.data.teachers.base import TeacherRequest
from joppo.data.teachers.reply_form import parse_text


def parse_reply(raw_text: str, form: AnswerFormat) -> tuple[str, Answer]:
    """Reasoning and answer of a teacher's raw text.

    Raises:
        AnswerError: the blocks are not in order, or the answer is not of the asked form.
    """
    parts = parse_text(raw_text)
    return parts.reasoning, parse_answer(parts.answer, form)


def reply_problem(request: TeacherRequest, raw_text: str) -> str | None:
    """What is wrong with the form of a reply, in one sentence for a repair prompt; or None.

    Unlike a check of the tags alone it reads the answer too, e.g. `C) Diagonal` instead of `C`. It
    knows the asked form from the request's context (see `data.teacher_requests`).
    """
    question = request.context["question"]
    try:
        parse_reply(raw_text, AnswerFormat(question["kind"], tuple(question["names"])))
    except AnswerError as error:
        return error.detail
    return None
