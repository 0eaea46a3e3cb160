"""The form of a teacher's reply: `<think>reasoning</think><answer>answer</answer>`.

Plain text is asked for, not a JSON schema: every provider and every vLLM endpoint can write it, no
quote in a sentence can break it, and it is what the judge is trained on. Replies are kept as they
came, so that they can be read again at no cost after a change of the parser or of a check.
"""

from joppo.data.questions.answer_format import completion_problem
from joppo.data.teachers.base import TeacherRequest


def reply_problem(request: TeacherRequest, text: str) -> str | None:
    """What is wrong with the form of a reply, in one sentence for a repair prompt; or None."""
    return completion_problem(text, request.form, needs_reasoning=True)


def repair_prompt(prompt: str, raw_text: str, error: str) -> str:
    """The question again, with the unusable answer and the reason why it could not be used."""
    return (
        f"{prompt}\n\nYour previous answer could not be used: {error}\n"
        f"The previous answer began:\n{raw_text[:1500]}\n\n"
        "Answer again in exactly this form and write nothing outside it: "
        "<think>your reasoning</think><answer>your answer</answer>"
    )
