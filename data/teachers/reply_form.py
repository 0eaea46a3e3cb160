"""The form that an answer must have: `<think>reasoning</think><answer>answer</answer>`.

Plain text is asked for, not a JSON schema: every provider and every vLLM endpoint can write it, no
quote in a sentence can break it, and it is what the judge is trained on. Pydantic holds the parts.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from joppo.data.questions.answer_format import AnswerError, AnswerFormat, parse_answer, split_blocks


class TeacherText(BaseModel):
    """A parsed answer: what stands between the tags, stripped and not empty."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    reasoning: str = Field(min_length=1)
    answer: str = Field(min_length=1)


def parse_text(text: str) -> TeacherText:
    """The parts of an answer.

    Raises:
        AnswerError: what is wrong; its detail is quoted in the repair prompt.
    """
    reasoning, answer = split_blocks(text)
    if not reasoning:
        raise AnswerError("empty_reasoning", "the think block is empty")
    return TeacherText(reasoning=reasoning, answer=answer)


def form_error(text: str, form: Mapping[str, Any] | None = None) -> str | None:
    """None for an answer in the right form, else what is wrong with it.

    Args:
        form: `kind` and `names` of an `AnswerFormat`, or None to look at the tags alone.
    """
    try:
        parts = parse_text(text)
        if form is not None:
            parse_answer(parts.answer, AnswerFormat(form["kind"], tuple(form["names"])))
    except AnswerError as error:
        return error.detail
    return None


def repair_prompt(prompt: str, raw_text: str, error: str) -> str:
    """The question again, with the unusable answer and the reason why it could not be used."""
    return (
        f"{prompt}\n\nYour previous answer could not be used: {error}\n"
        f"The previous answer began:\n{raw_text[:1500]}\n\n"
        "Answer again in exactly this form and write nothing outside it: "
        "<think>your reasoning</think><answer>your answer</answer>"
    )
