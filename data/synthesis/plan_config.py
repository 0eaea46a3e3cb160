"""How many images each category shall have, and from which parents they may be made."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from joppo.data.config import StageConfig
from joppo.data.taxonomy.categories import CATEGORIES

Control = Literal["canny", "depth", "depth+canny"]


def _default_controls() -> dict[Control, float]:
    return {"canny": 0.4, "depth": 0.2, "depth+canny": 0.4}


class PlanConfig(StageConfig):
    """How many images each category shall have."""

    temperature: float = Field(default=0.5, ge=0, le=1)
    """the target of a category with n photos is N (n / N) ** (1 - temperature), where N is the
    largest count: 0 adds nothing, 1 raises every category to the largest"""
    targets: dict[int, int] = Field(default_factory=dict)
    """category -> photos after synthesis; overrides the temperature's target"""
    expected_yield: float = Field(default=0.7, gt=0, le=1)
    """share of attempts that pass the gate, from calibration; so many attempts are planned that
    the target is met after rejection"""
    controls: dict[Control, float] = Field(default_factory=_default_controls)
    """weight of each control among the attempts; controls that a parent cannot have (depth without
    a known map or a depth model) are left out"""
    splits: tuple[Literal["train", "validation"], ...] = ("train",)
    """splits whose photos are counted and may be parents"""
    max_per_parent: int = Field(default=8, ge=1)
    """most attempts per parent and category; more would be near-copies"""
    max_per_category: int | None = Field(default=None, ge=0)
    """most attempts per category; null is no limit"""
    max_total: int | None = Field(default=None, ge=0)
    """most attempts in all; null is no limit"""
    seed: int = 0
    """changes which parents, controls and prompts are drawn"""

    @field_validator("targets")
    @classmethod
    def _known(cls, targets: dict[int, int]) -> dict[int, int]:
        if unknown := sorted(set(targets) - set(CATEGORIES)):
            raise ValueError(f"targets for unknown categories {unknown}; ids are 1 to 24")
        return targets

    @model_validator(mode="after")
    def _weighted(self) -> "PlanConfig":
        if min(self.controls.values(), default=0) < 0 or sum(self.controls.values()) <= 0:
            raise ValueError("controls need weights >= 0, at least one above 0")
        return self
