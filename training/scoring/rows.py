"""Replies of a judge -> a row of the `scores` table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import stdev
from typing import Any

from joppo.training.judges.judge import Reply
from joppo.training.judges.mean import mean_reply


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One judgement: a row of the `scores` table, whose schema describes each column.

    Where there is no valid answer, `parse_ok` is False, `reason` says why, `total` is None and
    `attributes` is empty.
    """

    judge: str
    prompt_id: str
    image_id: str
    samples: int
    parse_ok: bool
    total: float | None
    spread: float | None
    attributes: Mapping[str, float]
    reason: str | None
    explanation: str
    raw_text: str

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> "ScoreRow":
        """The row as a table holds it; attributes may be a mapping or pairs."""
        return cls(**{**columns, "attributes": dict(columns["attributes"])})

    def columns(self) -> dict[str, Any]:
        """Column -> value."""
        return asdict(self)


def score_row(
    judge: str, prompt_id: str, image_id: str, names: Sequence[str], replies: Sequence[Reply]
) -> ScoreRow:
    """The row of one photo: the mean of its replies (`mean_reply`), and as `spread` the standard
    deviation of their totals.

    Args:
        names: of the rubric's attributes, in the order in which replies hold them.
    """
    totals = [reply.judgement.total for reply in replies if reply.judgement.ok]
    mean = mean_reply(replies)
    judged = mean.judgement
    return ScoreRow(
        judge=judge,
        prompt_id=prompt_id,
        image_id=image_id,
        samples=len(totals),
        parse_ok=judged.ok,
        total=judged.total if judged.ok else None,
        spread=stdev(totals) if len(totals) > 1 else None,
        attributes=dict(zip(names, judged.attributes, strict=True)) if judged.ok else {},
        reason=judged.reason,
        explanation=mean.explanation,
        raw_text=mean.raw_text,
    )
