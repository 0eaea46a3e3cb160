"""MMPerspective: multiple-choice questions on perspective, in a file format of ours.

Source: repository yunlong10/MMPerspective (2,711 photos, 5,083 questions) ships no data file, so
the user brings the questions as JSON lines. Licence: the benchmark's and the photos'; both bind the
user.

Format, one object a line: `{"id", "image", "task", "question", "options": {"A": "...", ...},
"answer": "B", "group_id"?}`. `image` is relative to the image folder. Ten tasks in three groups:
perception VPP, CLP, VAP, LDP; reasoning PTR, LRR, OVR, PTS, VPC; robustness, whose questions repeat
one question on altered photos and share a `group_id`. Any task name is read; `TASKS` has the nine
whose accuracies make the overall mean.

Scale: none; the answer is the letter of an option. No split: the benchmark is for testing.

Traps: one photo has several questions, so `image` repeats while `id` must not; letters that do not
run A, B, C, ... would shift the choices; an answer that is no option can never be right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from joppo.data.datasets.base import BadRowError, Label, Reject
from joppo.data.datasets.cells import cell, item_name, shown
from joppo.data.datasets.label_files import JsonPairs, json_lines

DATASET = "mmperspective"
TASKS = {
    "perception": ("VPP", "CLP", "VAP", "LDP"),
    "reasoning": ("PTR", "LRR", "OVR", "PTS", "VPC"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """One multiple-choice question; `options` in letter order (A first), `answer` a letter."""

    id: str
    image: str
    task: str
    question: str
    options: tuple[str, ...]
    answer: str
    group_id: str | None = None


def read_mmperspective(path: str | Path) -> Iterator[Question | Reject]:
    """Questions in file order; of several with one id, the first one is used.

    Raises:
        DatasetFormatError: the file does not start with a JSON object.
    """
    path, first = Path(path), dict[str, int]()
    for line, row in json_lines(path):
        try:
            question = _parse(row)
            kept = first.setdefault(question.id, line)
            if kept != line:
                detail = f"{shown(question.id)} stands in line {kept} already; rename one of them"
                raise BadRowError("duplicate_id", detail)
            yield question
        except BadRowError as error:
            yield Reject("read", f"{path.name}:{line}", error.reason, error.detail)


def read_mmperspective_photos(path: str | Path) -> Iterator[Label | Reject]:
    """One label for each photo of the questions, with the split test, so that it is ingested."""
    seen: set[str] = set()
    for question in read_mmperspective(path):
        if isinstance(question, Reject):
            yield question
        elif question.image not in seen:
            seen.add(question.image)
            yield Label(question.image, DATASET, split="test")


def _parse(row: dict[str, Any] | BadRowError) -> Question:
    if isinstance(row, BadRowError):
        raise row
    options = _options(cell(row, "options"))
    letters = ascii_uppercase[: len(options)]
    answer = _text(row, "answer")
    if answer not in letters or len(answer) != 1:
        detail = f"answer {shown(answer)} is no option; write one of {', '.join(letters)}"
        raise BadRowError("bad_answer", detail)
    group = row.get("group_id")
    return Question(
        id=_text(row, "id"),
        image=item_name(cell(row, "image"), "image"),
        task=_text(row, "task"),
        question=_text(row, "question"),
        options=options,
        answer=answer,
        group_id=None if group is None else _text(row, "group_id"),
    )


def _options(value: Any) -> tuple[str, ...]:
    options = dict(value) if isinstance(value, JsonPairs) else {}
    if len(options) < 2 or len(options) != len(value):
        detail = f"options {shown(value)} are not two or more letters with texts"
        raise BadRowError("bad_options", detail)
    if "".join(sorted(options)) != ascii_uppercase[: len(options)]:
        detail = f"options have the letters {shown(''.join(options))}; write A, B, C, ..."
        raise BadRowError("bad_options", detail)
    return tuple(_text(options, letter) for letter in sorted(options))


def _text(row: dict[str, Any], field: str) -> str:
    value = cell(row, field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadRowError("bad_text", f"{field} is {shown(value)}; write it as text")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadRowError("bad_text", f"{field} {shown(value)} has half a character; correct it")
    return value.strip()
