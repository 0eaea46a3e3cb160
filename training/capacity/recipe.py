"""The configs of a profile that determine how much work a photo makes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from joppo.data.datasets.splits import SplitConfig
from joppo.data.questions.template_pool import Task
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.plan_cost import requests_by_teacher
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.evaluation.config import SetConfig

_ROUTED = 1_000_000


@dataclass(frozen=True)
class Variant:
    """A row of the ablation; `joppo` is None where nothing is learned after its start."""

    name: str
    start: Literal["sft", "base"]
    joppo: JoppoConfig | None


@dataclass(frozen=True)
class Recipe:
    """The configs of a profile that say how much work a photo makes."""

    splits: SplitConfig
    shard_size: int
    reasoning: ReasoningConfig
    teachers: TeachersConfig | None
    plan: PlanConfig | None
    """None where nothing is synthesized"""
    synthesis_shard_size: int
    depth_model: bool
    """whether depth maps are estimated; without, depth is not planned"""
    sft: SftConfig
    variants: tuple[Variant, ...]
    """of the experiment (reproduce-paper), each trained with every seed"""
    full: str
    """name of the variant that is the recipe itself; the others are its ablations"""
    seeds: int
    sets: tuple[SetConfig, ...]
    """that every judge is asked about"""
    endpoints: tuple[ProviderConfig, ...]
    """judges behind an API"""

    @property
    def sft_runs(self) -> int:
        """SFT trainings: one per seed, where any variant begins from one."""
        return self.seeds * any(one.start == "sft" for one in self.variants)

    @property
    def local_judges(self) -> int:
        """Trained judges of every seed, and the base judge once."""
        bare = [v for v in self.variants if v.start == "base" and v.joppo is None]
        return self.seeds * (len(self.variants) - len(bare)) + bool(bare)

    @cached_property
    def routed(self) -> dict[Task, dict[str, float]]:
        """Answers per photo that a task's questions can be put to, by task and teacher: the router
        is asked how a million photos would be shared out."""
        shares: dict[Task, dict[str, float]] = {}
        for task in self.reasoning.tasks:
            one = self.reasoning.model_copy(update={"tasks": (task,)})
            found = requests_by_teacher(one, self.teachers, _ROUTED)
            shares[task] = {name: number / _ROUTED for name, number in found.items()}
        return shares
