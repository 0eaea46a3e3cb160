"""The stages of the recipe with what each takes: number of items x cost of one item.

Stages follow each other; rows of one `step` run side by side, so the slowest of them counts.
"""

from dataclasses import dataclass
from itertools import groupby

from joppo.training.capacity.answer_stages import evaluation_stages, reasoning_stages
from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.counts import Counts, count
from joppo.training.capacity.data_stages import data_stages, publish_stage
from joppo.training.capacity.recipe import Recipe
from joppo.training.capacity.stage_row import StageRow
from joppo.training.capacity.training_stages import training_stages


@dataclass(frozen=True)
class Plan:
    """A plan for one number of photos."""

    config: CapacityConfig
    recipe: Recipe
    counts: Counts
    stages: tuple[StageRow, ...]

    @property
    def gpu_hours(self) -> float:
        return sum(row.gpu_hours for row in self.stages)

    @property
    def gpu_usd(self) -> float:
        return self.gpu_hours * self.config.gpus.usd_per_hour.value

    @property
    def api_usd(self) -> float:
        return sum(row.api_usd for row in self.stages)

    @property
    def disk_gb(self) -> float:
        return sum(row.disk_gb for row in self.stages)

    @property
    def hours(self) -> float:
        """From start to end: steps after each other, rows of a step side by side."""
        steps = groupby(self.stages, key=lambda row: row.step)
        return sum(max(row.hours for row in rows) for _, rows in steps)

    def of(self, *steps: str) -> list[StageRow]:
        """Rows of some steps."""
        return [row for row in self.stages if row.step in steps]


def make_plan(recipe: Recipe, config: CapacityConfig, photos: int | None = None) -> Plan:
    """What the recipe takes.

    Args:
        photos: number of photos with a composition label; None for that of the dataset.

    Raises:
        CapacityError: see `training.capacity.counts.count`; or SFT has no `max_pixels`.
        UnknownPriceError: a teacher's model has no price.
    """
    counts = count(recipe, config, config.amounts.dataset_photos if photos is None else photos)
    rows = [
        *data_stages(counts, config),
        *reasoning_stages(recipe, counts, config),
        publish_stage(counts, config),
        *training_stages(recipe, counts, config),
        *evaluation_stages(recipe, counts, config),
    ]
    return Plan(config, recipe, counts, tuple(rows))
