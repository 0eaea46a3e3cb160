"""Replies of a judge -> a row of the `scores` table."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from training.judge import Reply

Row = dict[str, Any]

# A model that ends at once has answered, with an empty text: its reason is the parser's.
_ANSWERED = {"refused", "bad_request", "missing_tag"}


def score_row(
    judge: str, prompt_id: str, image_id: str, names: Sequence[str], replies: Sequence[Reply]
) -> Row:
    """The row of one photo.

    Of several replies, those in form count: mean of total and attributes, standard deviation of
    the totals, the words of the reply nearest to the mean. With none in form the row says the most
    frequent reason and shows the first reply.

    Args:
        names: of the rubric's attributes, in the order in which replies hold them.
    """
    good = [reply for reply in replies if reply.judgement.ok]
    row: Row = {
        "judge": judge, "prompt_id": prompt_id, "image_id": image_id, "samples": len(good),
        "parse_ok": bool(good), "total": None, "spread": None, "attributes": {}, "reason": None,
    }  # fmt: skip
    if not good:
        reasons = Counter(str(reply.judgement.reason) for reply in replies)
        shown = replies[0]
        return row | _words(shown) | {"reason": reasons.most_common(1)[0][0]}
    totals = [reply.judgement.total for reply in good]
    mean = fmean(totals)
    columns = zip(*(reply.judgement.attributes for reply in good), strict=True)
    row["total"] = mean
    row["spread"] = stdev(totals) if len(totals) > 1 else None
    row["attributes"] = {name: fmean(c) for name, c in zip(names, columns, strict=True)}
    nearest = min(good, key=lambda reply: math.fabs(reply.judgement.total - mean))
    return row | _words(nearest)


def lasting(replies: Sequence[Reply]) -> bool:
    """Whether asking again would give the same: not so where the provider failed to answer."""
    return all(r.raw_text or r.judgement.reason in _ANSWERED for r in replies)


def _words(reply: Reply) -> Row:
    return {"explanation": reply.explanation, "raw_text": reply.raw_text}
