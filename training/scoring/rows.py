"""Replies of a judge -> a row of the `scores` table."""

from collections.abc import Sequence
from statistics import stdev
from typing import Any

from joppo.training.judges.judge import Reply
from joppo.training.judges.mean import mean_reply

Row = dict[str, Any]


def score_row(
    judge: str, prompt_id: str, image_id: str, names: Sequence[str], replies: Sequence[Reply]
) -> Row:
    """The row of one photo: see `mean_reply`; `spread` is the standard deviation of the totals.

    Args:
        names: of the rubric's attributes, in the order in which replies hold them.
    """
    totals = [reply.judgement.total for reply in replies if reply.judgement.ok]
    mean = mean_reply(replies)
    judged = mean.judgement
    values = dict(zip(names, judged.attributes, strict=True)) if judged.ok else {}
    return {
        "judge": judge,
        "prompt_id": prompt_id,
        "image_id": image_id,
        "samples": len(totals),
        "parse_ok": judged.ok,
        "total": judged.total if judged.ok else None,
        "spread": stdev(totals) if len(totals) > 1 else None,
        "attributes": values,
        "reason": judged.reason,
        "explanation": mean.explanation,
        "raw_text": mean.raw_text,
    }
