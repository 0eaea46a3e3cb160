"""A judge's text -> a reply, by the one parser, and the prompt of the second try."""

import math
from collections.abc import Sequence

from joppo.data.questions.answer_format import AnswerError, AnswerFormat, split_blocks
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
