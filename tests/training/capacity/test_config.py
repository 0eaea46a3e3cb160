"""Values name their sources, and nonsense is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from joppo.training.capacity.config import CapacityConfig, Value
from tests.training.capacity.plans import costs, value


def changed(section: str, **values: Any) -> CapacityConfig:
    return costs(**{section: costs().as_dict()[section] | values})


def test_a_measured_value_names_its_command() -> None:
    with pytest.raises(ValidationError, match="command"):
        Value(value=1, kind="measured", source="I had a look at it")
    assert Value(value=1, kind="measured", source="`make it`").value == 1


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("gpus", {"image_s": value(-1)}, "greater than or equal to 0"),
        ("gpus", {"image_s": value(float("nan"))}, "finite number"),
        ("gpus", {"image_s": value(float("inf"))}, "finite number"),
        ("gpus", {"image_s": {"value": 1, "kind": "assumed"}}, "source"),
        ("gpus", {"image_s": {**value(1), "kind": "guessed"}}, "kind"),
        ("gpus", {"image_seconds": value(1)}, "Extra inputs"),
        ("gpus", {"efficiency": value(0)}, "efficiency must be above 0"),
        ("gpus", {"efficiency": value(1.5)}, "less than or equal to 1"),
        ("gpus", {"sft_tokens_per_s": value(0)}, "greater than 0"),
        ("gpus", {"pool": 0}, "greater than 0"),
        ("engines", {"shard_fill": value(0)}, "shard_fill must be above 0"),
        ("amounts", {"categories": {25: 3}}, "ids are 1 to 24"),
        ("amounts", {"categories": {1: 0}}, "counts no photo"),
        ("amounts", {"categories": {1: 2000}}, "more photos than dataset_photos"),
    ],
)
def test_nonsense_is_refused(section: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        changed(section, **values)
