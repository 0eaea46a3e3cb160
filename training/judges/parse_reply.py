"""A judge's text -> a reply, by the one parser, and the prompt of the second try."""

import math
from collections.abc import Mapping, Sequence

from joppo.data.questions.answer_format import (
    AnswerError,
    AnswerFormat,
    completion,
    format_score,
    split_blocks,
)
from joppo.data.questions.prompts import answer_instruction
from joppo.training.judges.answers import Judgement, judge
from joppo.training.judges.judge import Reply

# A model that ends at once has answered, with an empty text: its reason is the parser's.
_ANSWERED = {"refused", "bad_request", "missing_tag"}


def read_reply(text: str, form: AnswerFormat, tries: int = 1) -> Reply:
    """What a judge wrote, read; a text out of form gives a reply whose judgement says why."""
    try:
        explanation = split_blocks(text)[0]
    except AnswerError:
        explanation = ""
    return Reply(judge(text, form), explanation, text, tries)


def score_reply(
    form: AnswerFormat, total: float, attributes: Mapping[str, float], explanation: str = ""
) -> Reply:
    """The reply of a judge that computes numbers and writes no text.

    Args:
        total: in [0, 1].
        attributes: a value in [-1, 1] for each name of the form.

    Raises:
        ValueError: a value is missing, not finite or out of range.
    """
    values = tuple(float(attributes[name]) for name in form.names if name in attributes)
    if len(values) < len(form.names):
        raise ValueError(f"the form asks for {', '.join(form.names)}, not all of them are given")
    if not (0 <= total <= 1 and all(-1 <= value <= 1 for value in values)):
        raise ValueError(
            f"total {total} outside [0, 1], or an attribute of {values} outside [-1, 1]"
        )
    named = dict(zip(form.names, values, strict=True))
    text = completion(explanation, format_score(total, named, form.order))
    return Reply(Judgement(float(total), values, None, None), explanation, text)


def no_reply(
    form: AnswerFormat, reason: str, text: str = "", tries: int = 0, detail: str = ""
) -> Reply:
    """The reply where there is no answer to read: `reason` in snake_case, `detail` a sentence."""
    names = form.names if form.kind == "score" else ()
    nothing = Judgement(math.nan, (math.nan,) * len(names), None, reason)
    return Reply(nothing, "", text, tries, detail)


def stricter(prompt: str, form: AnswerFormat, reason: str) -> str:
    """The question again, after an answer that could not be used for `reason`."""
    return (
        f"{prompt}\nAn answer to this question could not be used: {reason.replace('_', ' ')}. "
        "Keep exactly to the form and write nothing before, between or after the two blocks. "
        f"{answer_instruction(form)}"
    )


def lasting(replies: Sequence[Reply]) -> bool:
    """Whether asking again would give the same: not so where the provider failed to answer."""
    return all(one.raw_text or one.judgement.reason in _ANSWERED for one in replies)
