"""Answers that did not come: how many, from whom, and why.

Their shard is unfinished: what was answered is in the journal, and the next run asks only the rest.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from joppo.data.reasoning.reason import Ask
from joppo.data.teachers.base import TeacherAnswer, TeacherRequest


class MissingCount(TypedDict):
    """Answers of one teacher that are missing for one reason; `detail` is the first one's."""

    teacher: str
    reason: str
    count: int
    detail: str


@dataclass(slots=True)
class AskAndNote:
    """An `Ask` that notes which answers are missing."""

    ask: Ask
    missing: dict[str, TeacherAnswer] = field(default_factory=dict)
    """request id -> the answer, whose status is `missing`"""

    def __call__(self, requests: list[TeacherRequest]) -> Sequence[TeacherAnswer]:
        answers = self.ask(requests)
        for request, answer in zip(requests, answers, strict=True):
            if answer.status == "missing":
                self.missing[request.request_id] = answer
        return answers

    def counts(self) -> list[MissingCount]:
        """How many are missing, by teacher and reason."""
        return add_up(
            MissingCount(
                teacher=f"{one.provider} {one.model}",
                reason=one.finish_reason or "missing",
                count=1,
                detail=one.detail,
            )
            for one in self.missing.values()
        )


def add_up(counts: Iterable[MissingCount]) -> list[MissingCount]:
    """One row per teacher and reason, the largest first."""
    totals, details = Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    for one in counts:
        key = one["teacher"], one["reason"]
        totals[key] += one["count"]
        details.setdefault(key, one["detail"])
    return [
        MissingCount(teacher=key[0], reason=key[1], count=count, detail=details[key])
        for key, count in totals.most_common()
    ]
