"""Which questions a photo gets: so many a task, templates in an order given by content hashes."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from joppo.data.questions.prompts import score_prompt
from joppo.data.questions.question import Question, Subject
from joppo.data.questions.template_pool import Task, Template, load_templates
from joppo.data.reasoning.comparisons import compare_with_any
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.make_question import pose
from joppo.data.reasoning.teacher_requests import routes_for
from joppo.data.store.hashing import unit_interval
from joppo.data.taxonomy.rubrics import Rubric


def questions_for(
    subject: Subject, others: Sequence[Subject], rubric: Rubric, config: ReasoningConfig
) -> list[Question]:
    """The questions to ask about a photo; none where the label states no answer.

    Args:
        others: the photos that it may be compared with.
    """
    chosen: list[Question] = []
    for task in config.tasks:
        possible = _possible(task, subject, others, rubric, config)
        chosen += islice(possible, config.templates_per_image.get(task, 0))
    return chosen


def preferences_for(
    subject: Subject, rubric: Rubric, config: ReasoningConfig
) -> list[dict[str, Any]]:
    """`preferences` rows of a photo: its score where people rated it, a choice a known task."""
    base = {"image_id": subject.id, "split": subject.image.get("split")}
    rows: list[dict[str, Any]] = []
    if "aesthetic" in config.tasks and subject.mos is not None:
        prompt = score_prompt(rubric)
        rows.append({**base, "task": "score", "prompt": prompt, "mos": subject.mos, "choices": []})
    for task in config.tasks:
        question = None if task == "aesthetic" else _choice(task, subject, rubric, config)
        if question is not None:
            answer, choices = question.truth, list(question.options)
            rows.append(
                {
                    **base,
                    "task": task,
                    "prompt": question.text,
                    "answer": answer,
                    "choices": choices,
                    "mos": None,
                }
            )
    return rows


def _possible(
    task: Task, subject: Subject, others: Sequence[Subject], rubric: Rubric, config: ReasoningConfig
) -> Iterator[Question]:
    pool = [
        t
        for t in load_templates()
        if t.task == task and t.form in config.forms and routes_for(t.id, subject.id, config)
    ]
    for template in _by_hash(pool, "template", subject.id, config.seed):
        if template.form == "comparative":
            question = compare_with_any(template, subject, others, config)
        else:
            question = pose(template, subject, rubric, config)
        if question is not None:
            yield question


def _choice(
    task: Task, subject: Subject, rubric: Rubric, config: ReasoningConfig
) -> Question | None:
    pool = [t for t in load_templates() if t.task == task and t.form == "multiple_choice"]
    ordered = _by_hash(pool, "preference", subject.id, config.seed)
    posed = (pose(template, subject, rubric, config) for template in ordered)
    return next((question for question in posed if question is not None), None)


def _by_hash(templates: Sequence[Template], *key: Any) -> list[Template]:
    return sorted(templates, key=lambda t: (unit_interval(*key, t.key), t.key))
