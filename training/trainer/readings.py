"""What a held-out answer says, read against what its row knows to be true."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from joppo.data.questions.answer_format import (
    TOTAL,
    AnswerError,
    AnswerFormat,
    parse_answer,
    parse_completion,
    split_blocks,
    states_score,
)
from joppo.training.judges.answers import form_of, judge
from joppo.training.trainer.examples import Row


class Reading(NamedTuple):
    """One answer. Where `truth` is None it was a choice or a name, else a score."""

    task: str
    ok: bool
    """whether it is in the agreed form"""
    hit: bool = False
    """whether the choice or the name is the right one"""
    total: float = math.nan
    """in [0, 1]; NaN where the answer failed"""
    truth: float | None = None
    """what people say, in [0, 1]"""


def is_scored(row: Row) -> bool:
    """Whether a row of either stage asks for a score and has one to compare with."""
    if "messages" in row:
        return taught_form(row["answer"]) is not None
    return row["task"] == "score" and row["mos"] is not None


def taught_form(answer: str) -> AnswerFormat | None:
    """The form of a taught answer that gives scores, in whatever order; None for all others."""
    if not states_score(answer):
        return None
    names = [item.partition(":")[0].strip() for item in answer.split(",")]
    return AnswerFormat("score", tuple(name for name in names if name != TOTAL))


def read_taught(row: Row, text: str) -> Reading:
    """The answer to a conversation, against the one that is taught."""
    form = taught_form(row["answer"])
    if form is None:
        return _read_name(row, text)
    truth = parse_answer(row["answer"], form).total
    try:
        total = parse_completion(text, form)[1].total
    except AnswerError:
        return Reading(row["task"], ok=False, truth=truth)
    return Reading(row["task"], ok=True, total=math.nan if total is None else total, truth=truth)


def _read_name(row: Row, text: str) -> Reading:
    try:
        answer = split_blocks(text)[1]
    except AnswerError:
        return Reading(row["task"], ok=False)
    return Reading(row["task"], ok=True, hit=answer == row["answer"])


def read_preference(row: Row, text: str, names: Sequence[str]) -> Reading:
    """The answer to an RL prompt: a score by the rubric's `names`, or the letter of a choice."""
    found = judge(text, form_of(row["task"], row["choices"] or (), names))
    if row["task"] == "score":
        return Reading(row["task"], found.ok, total=found.total, truth=row["mos"])
    return Reading(row["task"], found.ok, hit=found.text == row["answer"])
