"""Which questions a photo gets: a number for each task, by templates in the order of a hash."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from joppo.data.questions.prompts import score_prompt
from joppo.data.questions.question import Question, Subject
from joppo.data.questions.template_pool import Task, Template, template_pool
from joppo.data.reasoning.comparisons import compare_with_first
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.make_question import make_question
from joppo.data.reasoning.teacher_requests import routes_for
from joppo.data.store.hashing import unit_interval
from joppo.data.taxonomy.rubrics import Rubric


def select_questions(
    subject: Subject, others: Sequence[Subject], rubric: Rubric, config: ReasoningConfig
) -> list[Question]:
    """The questions to ask about a photo; none where the label states no answer.

    Args:
        subject: the photo.
        others: the photos that it may be compared with.
        rubric: the attributes that questions about quality ask for.
        config: tasks, forms, routes and the number of questions.
    """
    selected: list[Question] = []
    for task in config.tasks:
        possible = _possible_questions(task, subject, others, rubric, config)
        selected += islice(possible, config.templates_per_image.get(task, 0))
    return selected


def preference_rows(
    subject: Subject, rubric: Rubric, config: ReasoningConfig
) -> list[dict[str, Any]]:
    """`preferences` rows of a photo.

    One asks for its score where people rated it, and one is a multiple choice question for each
    other task that its label answers.
    """
    base = {"image_id": subject.id, "split": subject.image.get("split")}
    rows: list[dict[str, Any]] = []
    if "aesthetic" in config.tasks and subject.mos is not None:
        prompt = score_prompt(rubric)
        rows.append({**base, "task": "score", "prompt": prompt, "mos": subject.mos, "choices": []})
    for task in config.tasks:
        question = None if task == "aesthetic" else _multiple_choice(task, subject, rubric, config)
        if question is not None:
            content = {"prompt": question.text, "answer": question.truth}
            choices = list(question.options)
            rows.append({**base, "task": task, **content, "choices": choices, "mos": None})
    return rows


def _possible_questions(
    task: Task, subject: Subject, others: Sequence[Subject], rubric: Rubric, config: ReasoningConfig
) -> Iterator[Question]:
    """The questions of all templates that some teacher may answer, as they are needed."""
    pool = [
        template
        for template in template_pool(config.templates)
        if template.task == task
        and template.form in config.forms
        and routes_for(template.id, subject.id, config)
    ]
    for template in _by_hash(pool, "template", subject.id, config.seed):
        if template.form == "comparative":
            question = compare_with_first(template, subject, others, config)
        else:
            question = make_question(template, subject, rubric, config)
        if question is not None:
            yield question


def _multiple_choice(
    task: Task, subject: Subject, rubric: Rubric, config: ReasoningConfig
) -> Question | None:
    templates = template_pool(config.templates)
    pool = [t for t in templates if t.task == task and t.form == "multiple_choice"]
    ordered = _by_hash(pool, "preference", subject.id, config.seed)
    questions = (make_question(template, subject, rubric, config) for template in ordered)
    return next((question for question in questions if question is not None), None)


def _by_hash(templates: Sequence[Template], *key: Any) -> list[Template]:
    return sorted(templates, key=lambda t: (unit_interval(*key, t.key), t.key))
