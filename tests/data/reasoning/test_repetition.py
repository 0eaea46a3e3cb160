"""A text of another shard is not taught twice, and the rejection is on record."""

from typing import Any

from joppo.data.reasoning.checks import repeated_reasonings
from joppo.data.reasoning.repetition import without_repeated

LONG = "the bright road runs from the lower left corner up to a low sun behind the dark hills and"


def reasoning(request_id: str, text: str, accepted: bool = True) -> dict[str, Any]:
    return {"request_id": request_id, "reasoning": text, "accepted": accepted, "reason": None}


def test_the_repeated_text_becomes_a_reject_and_leaves_the_samples() -> None:
    shards = [
        [reasoning("a", f"{LONG} further on"), reasoning("b", "three boats lie still on the lake")],
        [reasoning("c", f"{LONG} further on")],
    ]
    repeated = repeated_reasonings([row for shard in shards for row in shard], 0.9)
    assert len(repeated) == 1
    (gone, kept), *_ = repeated.items()
    assert {gone, kept} == {"a", "c"}
    assert repeated == repeated_reasonings(
        [row for shard in reversed(shards) for row in shard], 0.9
    )

    rows = [row for shard in shards for row in shard]
    made = without_repeated(rows, [{"request_id": r} for r in "abc"], repeated)
    assert {row["request_id"]: row["accepted"] for row in made["reasonings"]} == {
        gone: False,
        kept: True,
        "b": True,
    }
    assert {row["request_id"] for row in made["sft_samples"]} == {kept, "b"}
    assert [(row["item"], row["reason"]) for row in made["rejects"]] == [(gone, "near_duplicate")]
    assert kept in made["rejects"][0]["detail"]


def test_rejected_texts_do_not_count() -> None:
    assert not repeated_reasonings(
        [reasoning("a", LONG), reasoning("b", LONG, accepted=False)], 0.9
    )
