"""Raw teacher text -> reasoning and parsed answer.

Raw texts are kept as they came, so that a changed parser or check reads them again at no cost.
"""

from data.answer_format import Answer, AnswerFormat, parse_answer
from data.teachers.form import parse_text


def parse_reply(raw_text: str, form: AnswerFormat) -> tuple[str, Answer]:
    """Reasoning and answer of a teacher's raw text.

    Raises:
        AnswerError: the blocks are not in order, or the answer is not of the asked form.
    """
    parts = parse_text(raw_text)
    return parts.reasoning, parse_answer(parts.answer, form)
