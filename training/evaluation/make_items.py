"""Labelled photos -> items: the questions that a snapshot's table `preferences` would have."""

from collections.abc import Callable, Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from joppo.data.datasets.mmperspective import Question
from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.prompts import answer_instruction
from joppo.data.questions.question import CATEGORY_NAMES, Subject
from joppo.data.questions.template_pool import load_templates
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.make_question import make_question
from joppo.data.reasoning.select_questions import preference_rows
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.evaluation.config import SetConfig
from joppo.training.evaluation.items import SCORE, Item, option_class
from joppo.training.judges.answers import form_of

OPEN_TEMPLATE = "composition-open-name"
_TASKS = {"score": "aesthetic", "composition": "composition", "perspective": "perspective"}
Row = Mapping[str, Any]
Read = Callable[[], bytes]


def make_items(
    image: Row, label: Row, read: Read, rubric: Rubric, config: SetConfig
) -> Iterator[Item]:
    """The set's questions about one photo; none where the label holds no answer.

    Args:
        image: `image_id` and `item` of the photo.
        label: a row of the `labels` table.
    """
    subject = Subject(image, label)
    reasoning = ReasoningConfig(tasks=tuple(_TASKS[task] for task in config.tasks))  # type: ignore[misc]
    for row in preference_rows(subject, rubric, reasoning):
        if row["task"] == "composition" and config.form == "open":
            yield _open(subject, str(image["item"]), read, rubric, reasoning)
        else:
            yield make_item({**row, "item": image["item"]}, label, read, rubric)


def make_item(row: Row, label: Row | None, read: Read, rubric: Rubric) -> Item:
    """One row of `preferences`, with `item` beside its columns, as an item.

    Args:
        label: of the same photo; its attributes are the truth of a score's.
        rubric: that of the row's prompt.
    """
    task, choices = str(row["task"]), tuple(row["choices"] or ())
    form = form_of(task, choices, rubric.names, rubric.order)
    common = (str(row["image_id"]), str(row["item"]), task, str(row["prompt"]), form, read)
    if task == SCORE:
        return Item(*common, mos=row["mos"], attributes=dict((label or {}).get("attributes") or {}))
    classes = tuple(option_class(task, choice) for choice in choices)
    return Item(*common, accepted=(str(row["answer"]),), classes=classes)


def multiple_choice(image_id: str, question: Question, read: Read) -> Item:
    """A question of MMPerspective; the class of an answer is its letter."""
    letters = tuple(ascii_uppercase[: len(question.options)])
    form = AnswerFormat("choice", letters)
    options = "\n".join(
        f"{letter}) {option}" for letter, option in zip(letters, question.options, strict=True)
    )
    prompt = f"{question.question}\n{options}\n{answer_instruction(form)}"
    return Item(
        image_id,
        question.image,
        question.task,
        prompt,
        form,
        read,
        accepted=(question.answer,),
        classes=letters,
        group=question.group_id,
    )


def _open(subject: Subject, item: str, read: Read, rubric: Rubric, config: ReasoningConfig) -> Item:
    template = next(t for t in load_templates() if t.id == OPEN_TEMPLATE)
    question = make_question(template, subject, rubric, config)
    assert question is not None  # preference_rows found a category
    classes = tuple(CATEGORIES[CATEGORY_NAMES[name]].abbreviation for name in question.form.names)
    return Item(
        subject.id,
        item,
        "composition",
        question.text,
        question.form,
        read,
        accepted=question.accepted,
        classes=classes,
    )
