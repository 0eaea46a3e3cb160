"""Recipe and operational fields of configs."""

from typing import Annotated

import pytest
from pydantic import Field

from joppo.data.config import OPERATIONAL, ByContent, StageConfig, is_operational


class Part(StageConfig):
    """A config inside another one."""

    steps: int = 4
    device: Annotated[str, OPERATIONAL] = "auto"


class Stage(StageConfig):
    """A config with parts in every place where one may stand."""

    seed: int = 0
    threads: Annotated[int, OPERATIONAL] = Field(default=1, ge=1)
    one: Part = Part()
    rest: tuple[Part, ...] = ()
    named: dict[int, Part] = Field(default_factory=dict)
    deep: dict[str, tuple[Part | int, ...]] = Field(default_factory=dict)
    launch: Annotated[Part, OPERATIONAL] = Part()
    model: Annotated[str, ByContent(str.lower)] = "model"


FAST = Part(device="cuda")
LONG = Part(steps=9)
BASE = Stage(rest=(Part(),), named={1: Part()}, deep={"a": (Part(), 3)})


@pytest.mark.parametrize(
    "changed",
    [
        {"threads": 8},
        {"one": FAST},
        {"rest": (FAST,)},
        {"named": {1: FAST}},
        {"deep": {"a": (FAST, 3)}},
        {"launch": LONG},
        {"model": "MODEL"},
    ],
)
def test_operational_values_leave_the_hash_as_it_is(changed) -> None:
    other = BASE.model_copy(update=changed)
    assert other != BASE
    assert other.recipe() == BASE.recipe() and other.hash() == BASE.hash()


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"one": LONG},
        {"rest": (LONG,)},
        {"rest": (Part(), Part())},
        {"named": {1: LONG}},
        {"named": {2: Part()}},
        {"deep": {"a": (LONG, 3)}},
        {"deep": {"a": (Part(), 4)}},
        {"model": "other"},
    ],
)
def test_recipe_values_change_the_hash(changed) -> None:
    assert BASE.model_copy(update=changed).hash() != BASE.hash()


def test_the_recipe_is_json_able_and_says_nothing_operational() -> None:
    assert BASE.recipe() == {
        "seed": 0,
        "one": {"steps": 4},
        "rest": [{"steps": 4}],
        "named": {"1": {"steps": 4}},
        "deep": {"a": [{"steps": 4}, 3]},
        "model": "model",
    }


def test_the_marker_survives_constraints_and_inheritance() -> None:
    class Child(Stage):
        seed: int = 2

    assert is_operational(Child, "threads") and not is_operational(Child, "seed")
    with pytest.raises(ValueError, match="greater than or equal"):
        Child(threads=0)


def test_what_a_digest_raises_is_raised() -> None:
    def missing(value: str) -> str:
        raise FileNotFoundError(value)

    class Lost(StageConfig):
        model: Annotated[str, ByContent(missing)] = "nowhere"

    with pytest.raises(FileNotFoundError, match="nowhere"):
        Lost().hash()
