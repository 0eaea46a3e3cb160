"""Config of `reproduce-paper`: what is built, which variants are trained, how they are judged."""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, model_validator

from joppo.data.config import OPERATIONAL, PLACE, StageConfig
from joppo.training.evaluation.config import Name, SetConfig

BUILT = "built"
"""As a set's snapshot: the version that this run builds."""
Seeds = Annotated[tuple[NonNegativeInt, ...], Field(min_length=1)]


class VariantConfig(StageConfig):
    """One row of the ablation."""

    name: Name
    """what reports call the variant"""
    about: str
    """one line for the report: what the variant leaves out or changes"""
    start: Literal["sft", "base"] = "sft"
    """what it begins from: the SFT model of its seed, or the base judge"""
    joppo: dict[str, Any] | None = Field(default_factory=dict)
    """values that replace those of the JoPPO config, `joppo_values` too; null for no reinforcement
    learning at all"""


class ReproduceConfig(StageConfig):
    """One snapshot, one SFT per seed, one JoPPO run per seed and variant, one evaluation of all.

    Paths are relative to the file that holds this config.
    """

    title: str = "The paper's experiment"
    """title of the report"""
    about: tuple[str, ...] = ()
    """paragraphs of the report: what this experiment shows, and what it does not"""
    build: Annotated[str, PLACE] = "build-sft-data.yaml"
    """config of build-sft-data"""
    sft: Annotated[str, PLACE] = "train-sft.yaml"
    """config of train-sft"""
    joppo: Annotated[str, PLACE] = "train-joppo.yaml"
    """config of train-joppo"""
    evaluate: Annotated[str, PLACE] = "evaluate-judge.yaml"
    """config of evaluate-judge"""
    sft_values: dict[str, Any] = Field(default_factory=dict)
    """values that replace those of the SFT config"""
    joppo_values: dict[str, Any] = Field(default_factory=dict)
    """values that replace those of the JoPPO config, for all variants; a variant's own go before"""
    seeds: Seeds = (0, 1, 2)
    """seeds of the trainings; figures are means over them"""
    tuned_on: tuple[NonNegativeInt, ...] = ()
    """seeds on which hyper-parameters were chosen; none of them may be reported"""
    variants: tuple[VariantConfig, ...] = Field(min_length=1)
    """the rows of the ablation"""
    full: Name = "full"
    """the variant that the others are compared with"""
    sets: tuple[SetConfig, ...] = Field(min_length=1)
    """`snapshot: built` stands for the snapshot of this run. A figure is taken from the first set
    that measures it; totals on the sets after that stand beside it"""
    samples: int | None = Field(default=None, ge=0)
    """a score is the mean of so many drawn answers; None: as the evaluation's config says"""
    examples: int = Field(default=10, ge=0)
    """photos that the report shows, of the first set"""
    level: float = Field(default=0.95, gt=0, lt=1)
    """of the intervals over seeds"""
    timeout_h: Annotated[float, OPERATIONAL] = Field(default=48.0, gt=0)
    """of each stage; what is not done by then is cancelled, and its row says so"""

    @model_validator(mode="after")
    def _consistent(self) -> "ReproduceConfig":
        for what, names in (
            ("variants", [variant.name for variant in self.variants]),
            ("sets", [one.name for one in self.sets]),
            ("seeds", self.seeds),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"two {what} are called the same: {list(names)}")
        known = [variant.name for variant in self.variants]
        if self.full not in known:
            raise ValueError(f"full is {self.full!r}, which is no variant; there are {known}")
        if reported := sorted(set(self.seeds) & set(self.tuned_on)):
            raise ValueError(
                f"seeds {reported} were used to choose hyper-parameters (tuned_on) and cannot be "
                "reported: take other seeds"
            )
        return self

    @property
    def uses_sft(self) -> bool:
        """Whether any variant begins from an SFT model."""
        return any(variant.start == "sft" for variant in self.variants)
