"""Config of `build-sft-data`: one section per stage."""

from collections import Counter
from typing import Annotated, Any

from pydantic import Field, model_validator

from joppo.data.config import OPERATIONAL, StageConfig
from joppo.data.datasets.ingest import IngestConfig
from joppo.data.datasets.sources import SourceConfig
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.synthesis.config import SynthesisConfig, synthesis_key
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.gate import GateConfig
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.data.teachers.config import TeachersConfig


class PlanStage(StageConfig):
    """What the plan depends on: targets, how maps are made, and which model makes the images."""

    plan: PlanConfig
    control: ControlConfig
    synthesis_key: str
    shard_size: int


class GateStage(StageConfig):
    """What the verdicts depend on: thresholds, and how edges are found."""

    gate: GateConfig
    control: ControlConfig


class ReasonStage(StageConfig):
    """What the reasoning stage's output depends on: questions, checks, and who answers."""

    reasoning: ReasoningConfig
    teachers: dict[str, Any] | None


class SynthesisSection(StageConfig):
    """Everything between the labels and the accepted synthetic images."""

    plan: PlanConfig = PlanConfig()
    """which categories get how many images"""
    control: ControlConfig = ControlConfig()
    """how depth and edge maps are made of the photos"""
    pipeline: SynthesisConfig = SynthesisConfig()
    """which model makes the images, and how"""
    gate: GateConfig = GateConfig()
    """which images are accepted"""
    shard_size: Annotated[int, OPERATIONAL] = Field(default=32, ge=1, le=4096)
    """most images that one task run makes"""

    @property
    def plan_stage(self) -> PlanStage:
        """The part of the config that the plan is cached by."""
        return PlanStage(
            plan=self.plan,
            control=self.control,
            synthesis_key=synthesis_key(self.pipeline),
            shard_size=self.shard_size,
        )

    @property
    def gate_stage(self) -> GateStage:
        """The part of the config that the gate's verdicts are cached by."""
        return GateStage(gate=self.gate, control=self.control)


class BuildSftDataConfig(StageConfig):
    """Sections of a build. Photos come from one of `source`, `sources` and `scenes`."""

    source: SourceConfig | None = None
    """a dataset whose photos are read"""
    sources: tuple[SourceConfig, ...] = ()
    """several datasets; where a photo is in two, the label of the first stands"""
    scenes: SceneSourceConfig | None = None
    """photos that are rendered, in place of a dataset's"""
    sample: int | None = Field(default=None, ge=1, exclude_if=lambda value: value is None)
    """at most so many photos, spread over sources, splits, categories and scores, for a trial; None
    takes all"""
    shard_size: Annotated[int, OPERATIONAL] = Field(default=128, ge=1, le=4096)
    """most photos that one task run works on"""
    ingest: IngestConfig = IngestConfig()
    """limits of photos, and their splits"""
    synthesis: SynthesisSection | None = None
    """how images of rare compositions are made; None makes none"""
    reasoning: ReasoningConfig = ReasoningConfig()
    """what the teachers are asked, and which answers are accepted"""
    teachers: TeachersConfig | None = None
    """the teachers and their budget; None leaves the offline teacher alone"""

    @model_validator(mode="after")
    def _photos_from_one_place(self) -> "BuildSftDataConfig":
        if sum(map(bool, (self.source, self.sources, self.scenes))) != 1:
            raise ValueError(
                "give one of source (a dataset), sources (several) and scenes (rendered photos)"
            )
        return self

    @model_validator(mode="after")
    def _photos_to_choose(self) -> "BuildSftDataConfig":
        if self.sample is not None and any(one.images is None for one in self.datasets):
            raise ValueError("sample chooses photos: every source needs images")
        return self

    @model_validator(mode="after")
    def _sources_told_apart(self) -> "BuildSftDataConfig":
        counts = Counter(one.name for one in self.sources)
        if twice := sorted(name for name, count in counts.items() if count > 1):
            raise ValueError(
                f"two sources are called {', '.join(twice)}: remove one, or name it by `dataset`"
            )
        return self

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> "BuildSftDataConfig":
        self.reasoning.with_teachers(self.teachers)
        return self

    @property
    def datasets(self) -> tuple[SourceConfig, ...]:
        """The sources in their order; none where photos are rendered."""
        return self.sources if self.source is None else (self.source,)

    @property
    def reason_stage(self) -> ReasonStage:
        """The part of the config that reasoning is cached by: speed and budget stay out."""
        recipe = self.teachers.recipe() if self.teachers else None
        reasoning = self.reasoning.with_teachers(self.teachers)
        return ReasonStage(reasoning=reasoning, teachers=recipe)

    @property
    def reason_settings(self) -> dict[str, Any]:
        """What the reasoning stage needs to reach its teachers; keys stay in the environment."""
        return {"teachers": self.teachers.as_dict() if self.teachers else None}
