"""The reasoning stage: photos with labels -> teachers' answers -> checked training conversations.

Everything that is chosen (template, teacher, partner of a comparison, letters) is a function of
content hash and seed. A sample that fails a check becomes a rejected reasoning and a `rejects` row;
the label stays as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.answer_format import Answer, AnswerError, completion
from data.checks import Failure, Sample, agrees, first_failure, near_duplicates
from data.claims import claims
from data.facts import Facts, measure
from data.hashing import content_hash, unit_interval
from data.photos import PhotoError, load_photo
from data.prompts import score_prompt
from data.questions import Question, Subject, pose
from data.reasoning_config import CheckConfig, ReasoningConfig, Route
from data.responses import parse_reply
from data.rubrics import Rubric, load_rubric
from data.store import Store
from data.teacher_requests import build_request, describe_origin, routes_for
from data.teachers.base import TeacherAnswer, TeacherRequest
from data.teachers.grounded import GroundedTeacher
from data.template_pool import Task, Template, load_templates

RECIPE_VERSION = 1
STAGE = "reasoning"
PARTNERS_TRIED = 8

Ask = Callable[[list[TeacherRequest]], list[TeacherAnswer]]
Rows = dict[str, list[dict[str, Any]]]

__all__ = ["RECIPE_VERSION", "CheckConfig", "ReasoningConfig", "Route", "ask_grounded",
           "reason_shard"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question on its way: what was asked about which photo, and the request that carries it."""

    question: Question
    subject: Subject
    request: TeacherRequest


def ask_grounded(requests: list[TeacherRequest]) -> list[TeacherAnswer]:
    """Answer with the offline teacher.

    Raises:
        ValueError: a request is for another provider; those need the gateway as `ask`.
    """
    strange = sorted({r.provider for r in requests} - {"grounded"})
    if strange:
        raise ValueError(f"no connection to {', '.join(strange)}: pass the gateway as `ask`")
    return [GroundedTeacher(request.model).answer(request) for request in requests]


def reason_shard(
    items: Sequence[Mapping[str, Any]],
    store: Store,
    config: ReasoningConfig,
    ask: Ask | None = None,
) -> Rows:
    """Ask, parse and check one shard of photos.

    Args:
        items: {"image": `images` row, "label": `labels` row or None, "synthesis": `syntheses` row
            or None}; a synthetic photo comes with the label and split of its parent.
        store: where the photos lie.
        ask: answers in the order of the requests; the offline grounded teacher by default.

    Returns:
        Rows of responses, reasonings, sft_samples, preferences and rejects.
    """
    rows: Rows = {
        name: [] for name in ("responses", "reasonings", "sft_samples", "preferences", "rejects")
    }
    rubric = load_rubric(config.rubric)
    subjects, facts, origins = _measure_all(items, store, rows)
    asked = [
        _Asked(question, subject, request)
        for subject in subjects
        for question in _questions(subject, subjects, rubric, config, rows)
        for route in routes_for(question.template.id, subject.id, config)
        for request in [
            build_request(question, subject, origins[subject.id], route, facts, store, config)
        ]
    ]
    answers = (ask or ask_grounded)([one.request for one in asked])
    _keep(asked, answers, facts, config, rows)
    for subject in subjects:
        rows["preferences"] += _preferences(subject, rubric, config)
    return rows


def _measure_all(
    items: Sequence[Mapping[str, Any]], store: Store, rows: Rows
) -> tuple[list[Subject], dict[str, Facts], dict[str, str | None]]:
    """Subjects sorted by id, facts and origins by id; photos that cannot be read are rejected."""
    subjects, facts, origins = [], {}, {}
    for item in sorted(items, key=lambda one: str(one["image"]["image_id"])):
        image, synthesis = item["image"], item.get("synthesis")
        synthetic = bool(synthesis or image.get("parent_image_id"))
        subject = Subject(image, item.get("label") or {}, synthetic)
        try:
            photo = load_photo(store.read_bytes(image["uri"]))
        except PhotoError as error:
            rows["rejects"].append(_reject(subject.id, error.reason, error.detail))
            continue
        facts[subject.id] = measure(np.asarray(photo))
        origins[subject.id] = describe_origin(synthesis)
        subjects.append(subject)
    return subjects, facts, origins


def _questions(
    subject: Subject, others: Sequence[Subject], rubric: Rubric, config: ReasoningConfig, rows: Rows
) -> list[Question]:
    """The questions to ask about a photo: so many a task, templates in hash order."""
    chosen = []
    for task in config.tasks:
        wanted = config.templates_per_image.get(task, 0)
        possible = _possible(task, subject, others, rubric, config)
        chosen += [question for question, _ in zip(possible, range(wanted), strict=False)]
    if not chosen:
        rows["rejects"].append(_reject(
            subject.id, "nothing_to_ask",
            "no template's answer is stated by the label; give a label or other tasks",
        ))  # fmt: skip
    return chosen


def _possible(
    task: Task, subject: Subject, others: Sequence[Subject], rubric: Rubric, config: ReasoningConfig
) -> Iterator[Question]:
    """Questions whose answer the label states, lazily, in hash order of their templates."""
    pool = [t for t in load_templates() if t.task == task and t.form in config.forms]
    for template in _by_hash(pool, "template", subject.id, config.seed):
        if template.form == "comparative":
            question = _comparison(template, subject, others, rubric, config)
        else:
            question = pose(template, subject, rubric, config)
        if question is not None and routes_for(template.id, subject.id, config):
            yield question


def _by_hash(templates: Sequence[Template], *key: Any) -> list[Template]:
    return sorted(templates, key=lambda t: (unit_interval(*key, t.key), t.key))


def _comparison(
    template: Template, a: Subject, others: Sequence[Subject], rubric: Rubric,
    config: ReasoningConfig,
) -> Question | None:  # fmt: skip
    """A comparison with the first suitable partner: same dataset and split, another photo.

    A photo is not compared with its own synthetic child or sibling, whose layout is the same.
    """
    family = {a.id, a.image.get("parent_image_id")} - {None}
    mates = [
        b for b in others
        if not family & {b.id, b.image.get("parent_image_id")}
        and b.image.get("split") == a.image.get("split")
        and b.label.get("dataset") == a.label.get("dataset")
        and b.synthetic == a.synthetic
    ]  # fmt: skip
    mates.sort(
        key=lambda b: (unit_interval("partner", a.id, b.id, template.key, config.seed), b.id)
    )
    for mate in mates[:PARTNERS_TRIED]:
        question = pose(template, a, rubric, config, mate)
        if question is not None:
            return question
    return None


def _keep(
    asked: Sequence[_Asked], answers: Sequence[TeacherAnswer], facts: Mapping[str, Facts],
    config: ReasoningConfig, rows: Rows,
) -> None:  # fmt: skip
    """File every answer: response, then reasoning and sample, or a reject with its reason."""
    parsed: list[tuple[_Asked, Sample]] = []
    for one, answer in zip(asked, answers, strict=True):
        rows["responses"].append(_response(one, answer))
        if answer.status != "ok":
            reason = answer.finish_reason if answer.status == "failed" else answer.status
            detail = answer.detail or f"the teacher's answer has the status {answer.status}"
            rows["rejects"].append(_reject(one.request.request_id, reason or "failed", detail))
            continue
        try:
            reasoning, content = parse_reply(answer.raw_text, one.question.form)
        except AnswerError as error:
            rows["rejects"].append(_reject(one.request.request_id, error.reason, error.detail))
            continue
        parsed.append((one, _sample(one, reasoning, content, facts, config)))
    texts = [(one.request.request_id, sample.reasoning) for one, sample in parsed]
    repeated = near_duplicates(texts, config.checks.duplicate_threshold)
    for one, sample in parsed:
        failure = first_failure(sample)
        twin = repeated.get(one.request.request_id)
        if failure is None and twin is not None:
            failure = Failure("near_duplicate", f"the text repeats that of request {twin}")
        _file(one, sample, failure, rows)


def _sample(
    one: _Asked, reasoning: str, answer: Answer, facts: Mapping[str, Facts], config: ReasoningConfig
) -> Sample:
    photos = [one.subject] + ([one.question.partner] if one.question.partner else [])
    said = [claims(facts[photo.id]) for photo in photos]
    return Sample(one.question, reasoning, answer, one.subject.label, said, config.checks)


def _file(one: _Asked, sample: Sample, failure: Failure | None, rows: Rows) -> None:
    task = one.question.template.task
    rows["reasonings"].append({
        "request_id": one.request.request_id,
        "image_id": one.subject.id,
        "task": task,
        "reasoning": sample.reasoning,
        "answer": sample.answer.text,
        "agrees_with_label": agrees(sample),
        "accepted": failure is None,
        "reason": failure.reason if failure else None,
    })  # fmt: skip
    if failure:
        rows["rejects"].append(_reject(one.request.request_id, failure.reason, failure.detail))
    else:
        rows["sft_samples"].append(_sft_sample(one, sample))


def _sft_sample(one: _Asked, sample: Sample) -> dict[str, Any]:
    """One conversation. A score is taught as the label states it, not as the teacher put it."""
    question = one.question
    answer = question.truth if question.form.kind == "score" else sample.answer.text
    messages = [
        {"role": "user", "content": question.text},
        {"role": "assistant", "content": completion(sample.reasoning, answer)},
    ]
    second = question.partner.id if question.partner else None
    return {
        "sample_id": content_hash(one.subject.id, second, question.template.task, messages, answer),
        "request_id": one.request.request_id,
        "image_id": one.subject.id,
        "second_image_id": second,
        "task": question.template.task,
        "messages": messages,
        "answer": answer,
        "template_id": question.template.key,
        "provider": one.request.provider,
        "split": one.subject.image.get("split"),
    }


def _response(one: _Asked, answer: TeacherAnswer) -> dict[str, Any]:
    return {
        "request_id": one.request.request_id,
        "image_id": one.subject.id,
        "template_id": one.question.template.key,
        "provider": answer.provider or one.request.provider,
        "model": answer.model or one.request.model,
        "status": answer.status,
        "attempts": answer.attempts,
        "finish_reason": answer.finish_reason,
        "raw_text": answer.raw_text,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "cost_usd": answer.cost_usd,
        "latency_s": answer.latency_s,
    }


def _preferences(subject: Subject, rubric: Rubric, config: ReasoningConfig) -> list[dict[str, Any]]:
    """RL prompts of a photo: its score where people rated it, and a choice for each known task."""
    base = {"image_id": subject.id, "split": subject.image.get("split")}
    found: list[dict[str, Any]] = []
    if "aesthetic" in config.tasks and subject.mos is not None:
        found.append({
            **base, "task": "score", "prompt": score_prompt(rubric), "mos": subject.mos,
            "answer": None, "choices": [],
        })  # fmt: skip
    for task in config.tasks:
        if task == "aesthetic":
            continue
        pool = [t for t in load_templates() if t.task == task and t.form == "multiple_choice"]
        posed = (
            pose(template, subject, rubric, config)
            for template in _by_hash(pool, "preference", subject.id, config.seed)
        )
        question = next((q for q in posed if q is not None), None)
        if question is not None:
            found.append({
                **base, "task": task, "prompt": question.text, "mos": None,
                "answer": question.truth, "choices": list(question.options),
            })  # fmt: skip
    return found


def _reject(item: str, reason: str, detail: str) -> dict[str, Any]:
    return {"stage": STAGE, "item": item, "reason": reason, "detail": detail}
