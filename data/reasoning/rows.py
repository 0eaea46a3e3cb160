"""Rows of the reasoning stage: the answers, and what they became."""

from dataclasses import dataclass
from typing import Any

from joppo.data.questions.answer_format import completion
from joppo.data.questions.question import Question, Subject
from joppo.data.reasoning.checks import Failure, Sample, agrees
from joppo.data.store.hashing import content_hash
from joppo.data.teachers.base import TeacherAnswer, TeacherRequest

STAGE = "reasoning"


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question about a photo, and the request that was made of it."""

    question: Question
    subject: Subject
    request: TeacherRequest

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.request_id


def response_row(one: AskedQuestion, answer: TeacherAnswer) -> dict[str, Any]:
    """A `responses` row; provider and model are those that answered."""
    return {
        "request_id": one.id,
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


def reasoning_row(one: AskedQuestion, sample: Sample, failure: Failure | None) -> dict[str, Any]:
    """A `reasonings` row; `failure` is the first check that did not pass."""
    return {
        "request_id": one.id,
        "image_id": one.subject.id,
        "task": one.question.template.task,
        "reasoning": sample.reasoning,
        "answer": sample.answer.text,
        "agrees_with_label": agrees(sample),
        "accepted": failure is None,
        "reason": failure.reason if failure else None,
    }


def sft_row(one: AskedQuestion, sample: Sample, provider: str) -> dict[str, Any]:
    """An `sft_samples` row. A score is taught as the label states it, not as the teacher did."""
    question = one.question
    answer = question.truth if question.form.kind == "score" else sample.answer.text
    messages = [
        {"role": "user", "content": question.text},
        {"role": "assistant", "content": completion(sample.reasoning, answer)},
    ]
    second = question.partner.id if question.partner else None
    return {
        "sample_id": content_hash(one.subject.id, second, question.template.task, messages, answer),
        "request_id": one.id,
        "image_id": one.subject.id,
        "second_image_id": second,
        "task": question.template.task,
        "messages": messages,
        "answer": answer,
        "template_id": question.template.key,
        "provider": provider,
        "split": one.subject.image.get("split"),
    }


def reject_row(item: str, reason: str, detail: str) -> dict[str, Any]:
    """A `rejects` row of this stage."""
    return {"stage": STAGE, "item": item, "reason": reason, "detail": detail}
