"""The form of a completion: one reasoning block, one answer block, and what an answer may hold.

    <think>free text</think><answer>Score: 0.82, composition: 0.40, color: -0.10</answer>
    <think>free text</think><answer>composition: 0.40, color: -0.10, Score: 0.82</answer>
    <think>free text</think><answer>C</answer>

Which of the first two forms is asked for, and written, is a property of the rubric (`Order`); the
parser accepts any order of the items.

Nothing is guessed or clamped: whatever departs from the stated form is a failure with a reason.
This is the one parser of the project: for teachers, for training and for judges.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from joppo.data.taxonomy.rubrics import Order

Kind = Literal["score", "choice", "term"]
TOTAL = "Score"

_BLOCKS = re.compile(r"\s*<think>(.*?)</think>\s*<answer>(.*?)</answer>\s*", re.DOTALL)
_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_DECIMAL_COMMA = re.compile(r"\d,\d")


class AnswerError(ValueError):
    """A text that is not in the agreed form. `reason` is snake_case, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """What a prompt asks for."""

    kind: Kind
    """score: a total in [0, 1] named Score, and each of `names` in [-1, 1]; choice: one letter of
    `names`; term: one of the words in `names`"""
    names: tuple[str, ...] = ()
    order: Order = "total_first"
    """of the items of a score; what parses does not depend on it"""

    @property
    def items(self) -> tuple[str, ...]:
        """Names of a score's items, the total's among them, in the order of the answer."""
        return _ordered(TOTAL, self.names, self.order)


@dataclass(frozen=True, slots=True)
class Answer:
    """A parsed answer: by the form that was asked for, one of total, choice and term is set."""

    text: str
    """the text between the answer tags, stripped"""
    total: float | None = None
    attributes: dict[str, float] = field(default_factory=dict)
    choice: str | None = None
    term: str | None = None


def split_blocks(text: str) -> tuple[str, str]:
    """The stripped contents of the think and answer blocks.

    Raises:
        AnswerError: a block is missing, repeated or empty, or there is text outside the blocks.
    """
    for tag in _TAGS:
        count = text.count(tag)
        if count != 1:
            reason = "missing_tag" if count == 0 else "duplicate_tag"
            raise AnswerError(reason, f"{tag} stands {count} times, once is expected")
    match = _BLOCKS.fullmatch(text)
    if match is None:
        raise AnswerError("malformed_blocks", "tags out of order, or text outside the blocks")
    reasoning, answer = match[1].strip(), match[2].strip()
    if not answer:
        raise AnswerError("empty_answer", "the answer block is empty")
    return reasoning, answer


def parse_completion(
    text: str, form: AnswerFormat | None, *, needs_reasoning: bool = False
) -> tuple[str, Answer]:
    """Reasoning and parsed answer of a whole completion.

    Args:
        text: the completion as it came.
        form: what was asked for; None accepts any answer.
        needs_reasoning: whether an empty think block is an error.

    Raises:
        AnswerError: the completion is not in the agreed form.
    """
    reasoning, answer = split_blocks(text)
    if needs_reasoning and not reasoning:
        raise AnswerError("empty_reasoning", "the think block is empty")
    return reasoning, Answer(answer) if form is None else parse_answer(answer, form)


def completion_problem(
    text: str, form: AnswerFormat | None, *, needs_reasoning: bool = False
) -> str | None:
    """What is wrong with a completion, in one sentence for a repair prompt; None if nothing is."""
    try:
        parse_completion(text, form, needs_reasoning=needs_reasoning)
    except AnswerError as error:
        return error.detail
    return None


def parse_answer(text: str, form: AnswerFormat) -> Answer:
    """Parse the text between the answer tags.

    Raises:
        AnswerError: with one of the reasons empty_answer, not_a_choice, not_a_term,
            decimal_comma, malformed_item, unknown_name, duplicate_name, missing_name,
            non_numeric, out_of_range.
    """
    text = text.strip()
    if not text:
        raise AnswerError("empty_answer", "the answer is empty")
    if form.kind == "score":
        return _parse_score(text, form.names)
    if text not in form.names:
        raise AnswerError(f"not_a_{form.kind}", f"{text[:60]!r} is none of {', '.join(form.names)}")
    return Answer(text, choice=text) if form.kind == "choice" else Answer(text, term=text)


def format_score(
    total: float, attributes: Mapping[str, float] | None = None, order: Order = "total_first"
) -> str:
    """`Score: 0.82, composition: 0.40, …` with two decimals, attributes in the given order."""
    written = [f"{name}: {_two(value)}" for name, value in (attributes or {}).items()]
    return ", ".join(_ordered(f"{TOTAL}: {_two(total)}", written, order))


def states_score(answer: str) -> bool:
    """Whether the text between the answer tags gives a total, wherever it stands."""
    return any(item.partition(":")[:2] == (TOTAL, ":") for item in answer.split(", "))


def total_is_last(answer: str) -> bool:
    """Whether a score answer, the text between the answer tags, gives its total after all else."""
    *before, last = (item.partition(":")[0].strip() for item in answer.split(","))
    return last == TOTAL and bool(before)


def completion(reasoning: str, answer: str) -> str:
    """A whole completion in the agreed form."""
    return f"<think>{reasoning}</think><answer>{answer}</answer>"


def _ordered(total: str, attributes: Sequence[str], order: Order) -> tuple[str, ...]:
    return (total, *attributes) if order == "total_first" else (*attributes, total)


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # + 0.0 turns -0.0 into 0.0


def _parse_score(text: str, names: tuple[str, ...]) -> Answer:
    if _DECIMAL_COMMA.search(text):
        raise AnswerError("decimal_comma", f"a comma between digits in {text[:60]!r}")
    values: dict[str, float] = {}
    for item in text.split(","):
        name, value = _parse_item(item, names)
        if name in values:
            raise AnswerError("duplicate_name", f"{name} stands twice")
        values[name] = value
    missing = [name for name in (TOTAL, *names) if name not in values]
    if missing:
        raise AnswerError("missing_name", f"no value for {', '.join(missing)}")
    total = values.pop(TOTAL)
    return Answer(text, total=total, attributes={name: values[name] for name in names})


def _parse_item(item: str, names: tuple[str, ...]) -> tuple[str, float]:
    name, colon, number = (part.strip() for part in item.partition(":"))
    if not colon:
        raise AnswerError("malformed_item", f"{item.strip()[:60]!r} is not `name: value`")
    if name not in (TOTAL, *names):
        raise AnswerError("unknown_name", f"{name[:60]!r} was not asked for")
    if not _NUMBER.fullmatch(number) or not number.isascii():
        raise AnswerError("non_numeric", f"{name} has the value {number[:60]!r}")
    value, low = float(number), 0.0 if name == TOTAL else -1.0
    if not low <= value <= 1:
        raise AnswerError("out_of_range", f"{name} is {value}, outside [{low:g}, 1]")
    return name, value
