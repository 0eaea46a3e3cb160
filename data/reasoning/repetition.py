"""Repeated reasoning texts across shards: the later one becomes a reject.

Within a shard only its own texts are compared; here all of them are. Which of two equal texts is
kept depends on their request ids, not on shards or order.
"""

from collections.abc import Iterable, Mapping
from typing import Any

RECIPE_VERSION = 1
Row = dict[str, Any]


def without_repeated(
    reasonings: Iterable[Mapping[str, Any]],
    samples: Iterable[Mapping[str, Any]],
    repeated: Mapping[str, str],
) -> dict[str, list[Row]]:
    """Rows of one shard with its repeated texts rejected: reasonings, sft_samples, rejects."""
    rows: dict[str, list[Row]] = {"reasonings": [], "sft_samples": [], "rejects": []}
    for row in reasonings:
        original = repeated.get(row["request_id"])
        if original is None:
            rows["reasonings"].append(dict(row))
            continue
        rows["reasonings"].append({**row, "accepted": False, "reason": "near_duplicate"})
        rows["rejects"].append(
            {
                "stage": "reasoning",
                "item": row["request_id"],
                "reason": "near_duplicate",
                "detail": f"the text repeats that of request {original}",
            }
        )
    rows["sft_samples"] = [dict(row) for row in samples if row["request_id"] not in repeated]
    return rows
