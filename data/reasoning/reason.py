"""The reasoning stage: photos with labels -> teachers' answers -> checked training conversations.

Every choice (template, teacher, partner of a comparison, letters) is a function of content hashes
and the seed. A sample that fails a check becomes a rejected reasoning and a `rejects` row; the
label stays as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.photos.claims import claims
from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.photos.measure import Facts, measure
from joppo.data.questions.answer_format import AnswerError, parse_completion
from joppo.data.questions.prompts import PROMPT_VERSION
from joppo.data.questions.question import Subject
from joppo.data.reasoning.checks import Failure, Sample, first_failure, near_duplicates
from joppo.data.reasoning.config import CheckConfig, ReasoningConfig, Route
from joppo.data.reasoning.rows import (
    AskedQuestion,
    reasoning_row,
    reject_row,
    response_row,
    sft_row,
)
from joppo.data.reasoning.select_questions import preference_rows, select_questions
from joppo.data.reasoning.stage_texts import texts_version
from joppo.data.reasoning.teacher_requests import build_request, describe_origin, routes_for
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric, load_rubric
from joppo.data.teachers.base import TeacherAnswer, TeacherRequest
from joppo.data.teachers.offline import ask_offline

# The stage's output changes with its texts as with its code: an edited template, sentence, lexicon
# or rubric must not be answered from a cache.
RECIPE_VERSION = f"reasoning-{PROMPT_VERSION}-{texts_version()}"

Ask = Callable[[list[TeacherRequest]], Sequence[TeacherAnswer]]
Row = dict[str, Any]

__all__ = [
    "RECIPE_VERSION",
    "CheckConfig",
    "ReasoningConfig",
    "Route",
    "reason_shard",
    "shard_requests",
]


@dataclass(slots=True)
class _Photos:
    """The photos of a shard that can be read, and the rejects of the others."""

    subjects: list[Subject] = field(default_factory=list)
    facts: dict[str, Facts] = field(default_factory=dict)
    """image id -> measured facts"""
    origins: dict[str, str | None] = field(default_factory=dict)
    """image id -> what a synthetic photo was made from"""
    rejects: list[Row] = field(default_factory=list)


def reason_shard(
    items: Sequence[LabelledPhoto],
    store: Store,
    config: ReasoningConfig,
    ask: Ask | None = None,
) -> dict[str, list[Row]]:
    """Ask, parse and check one shard of photos.

    Args:
        items: the photos; a synthetic one comes with the label and split of its parent.
        store: where the photos lie.
        ask: answers in the order of the requests; offline teachers alone by default.

    Returns:
        Rows of responses, reasonings, sft_samples, preferences and rejects.
    """
    rubric = load_rubric(config.rubric)
    photos = _measure_all(items, store)
    asked = list(_ask_about(photos, rubric, store, config))
    answers = (ask or ask_offline)([one.request for one in asked])
    rows = _check(asked, answers, photos.facts, config)
    rows["preferences"] = [
        row for subject in photos.subjects for row in preference_rows(subject, rubric, config)
    ]
    rows["rejects"] = [*photos.rejects, *_nothing_to_ask(photos, asked), *rows["rejects"]]
    return rows


def shard_requests(
    items: Sequence[LabelledPhoto], store: Store, config: ReasoningConfig
) -> list[TeacherRequest]:
    """The requests that `reason_shard` would send, for plans and dry runs; nothing is asked."""
    photos = _measure_all(items, store)
    rubric = load_rubric(config.rubric)
    return [one.request for one in _ask_about(photos, rubric, store, config)]


def _measure_all(items: Sequence[LabelledPhoto], store: Store) -> _Photos:
    """Decode and measure, in the order of image ids; a photo that cannot be read is rejected."""
    photos = _Photos()
    for item in sorted(items, key=lambda one: one.id):
        subject = Subject(item.image, item.label or {}, item.is_synthetic)
        try:
            pixels = np.asarray(load_photo(store.read_bytes(item.image["uri"])))
        except PhotoError as error:
            photos.rejects.append(reject_row(subject.id, error.reason, error.detail))
            continue
        photos.subjects.append(subject)
        photos.facts[subject.id] = measure(pixels)
        photos.origins[subject.id] = describe_origin(item.synthesis)
    return photos


def _ask_about(
    photos: _Photos, rubric: Rubric, store: Store, config: ReasoningConfig
) -> Iterator[AskedQuestion]:
    """Every question about every photo, once for each teacher that answers it."""
    for subject in photos.subjects:
        origin = photos.origins[subject.id]
        for question in select_questions(subject, photos.subjects, rubric, config):
            for route in routes_for(question.template.id, subject.id, config):
                request = build_request(
                    question, subject, origin, route, photos.facts, store, config
                )
                yield AskedQuestion(question, subject, request)


def _nothing_to_ask(photos: _Photos, asked: Sequence[AskedQuestion]) -> list[Row]:
    """Rejects for the photos that no question is about."""
    used = {one.subject.id for one in asked}
    detail = "the label states the answer of no template; give a label or other tasks and routes"
    return [
        reject_row(subject.id, "nothing_to_ask", detail)
        for subject in photos.subjects
        if subject.id not in used
    ]


def _check(
    asked: Sequence[AskedQuestion],
    answers: Sequence[TeacherAnswer],
    facts: Mapping[str, Facts],
    config: ReasoningConfig,
) -> dict[str, list[Row]]:
    """The rows of every answer: a response, then a reasoning and a sample, or a reject."""
    rows: dict[str, list[Row]] = {
        name: [] for name in ("responses", "reasonings", "sft_samples", "preferences", "rejects")
    }
    parsed: list[tuple[AskedQuestion, TeacherAnswer, Sample]] = []
    for one, answer in zip(asked, answers, strict=True):
        rows["responses"].append(response_row(one, answer))
        sample = _parse(one, answer, facts, config)
        if isinstance(sample, Failure):
            rows["rejects"].append(reject_row(one.id, sample.reason, sample.detail))
        else:
            parsed.append((one, answer, sample))
    texts = [(one.id, sample.reasoning) for one, _, sample in parsed]
    repeated = near_duplicates(texts, config.checks.duplicate_threshold)
    for one, answer, sample in parsed:
        failure = first_failure(sample)
        if failure is None and one.id in repeated:
            original = repeated[one.id]
            failure = Failure("near_duplicate", f"the text repeats that of request {original}")
        rows["reasonings"].append(reasoning_row(one, sample, failure))
        if failure:
            rows["rejects"].append(reject_row(one.id, failure.reason, failure.detail))
        else:
            provider = answer.provider or one.request.provider
            rows["sft_samples"].append(sft_row(one, sample, provider))
    return rows


def _parse(
    one: AskedQuestion, answer: TeacherAnswer, facts: Mapping[str, Facts], config: ReasoningConfig
) -> Sample | Failure:
    if answer.status != "ok":
        lost = answer.status in ("failed", "missing")
        reason = (answer.finish_reason or answer.status) if lost else answer.status
        detail = answer.detail or f"the teacher's answer has the status {answer.status}"
        return Failure(reason, detail)
    try:
        reasoning, content = parse_completion(
            answer.raw_text, one.question.form, needs_reasoning=True
        )
    except AnswerError as error:
        return Failure(error.reason, error.detail)
    measured = [claims(facts[photo.id]) for photo in one.question.subjects(one.subject)]
    return Sample(one.question, reasoning, content, one.subject, measured, config.checks)
