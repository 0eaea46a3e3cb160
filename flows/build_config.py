"""Config of `build-sft-data`: one section per stage."""

from typing import Any

from pydantic import Field

from data.config import StageConfig
from data.ingest import IngestConfig
from data.reasoning_config import ReasoningConfig
from data.sources import SourceConfig
from data.teachers.config import TeachersConfig


class ReasonStage(StageConfig):
    """What the reasoning stage's output depends on: questions, checks, and who answers."""

    reasoning: ReasoningConfig
    teachers: dict[str, Any] | None


class BuildSftDataConfig(StageConfig):
    """Sections of a build; `shard_size` is the most photos that one task run works on."""

    source: SourceConfig
    shard_size: int = Field(default=128, ge=1, le=4096)
    ingest: IngestConfig = IngestConfig()
    reasoning: ReasoningConfig = ReasoningConfig()
    teachers: TeachersConfig | None = None

    @property
    def reason_stage(self) -> ReasonStage:
        """The part of the config that reasoning is cached by: speed and budget stay out."""
        recipe = self.teachers.recipe() if self.teachers else None
        return ReasonStage(reasoning=self.reasoning, teachers=recipe)

    @property
    def reason_settings(self) -> dict[str, Any]:
        """What the reasoning stage needs to reach its teachers; keys stay in the environment."""
        return {"teachers": self.teachers.as_dict() if self.teachers else None}
