"""One stage of a plan, and how the work of GPUs turns into time."""

from dataclasses import dataclass

from joppo.training.capacity.config import CapacityConfig

HOUR_S, GB = 3600.0, 1e9


@dataclass(frozen=True)
class StageRow:
    """One line of a plan: what is done how often, and what that takes."""

    step: str
    """rows of one step run side by side"""
    stage: str
    items: float
    unit: str
    gpu_hours: float = 0.0
    gpus: int = 0
    api_usd: float = 0.0
    disk_gb: float = 0.0
    hours: float = 0.0
    basis: tuple[str, ...] = ()
    """the config's values that the row is computed from"""


def hours_on_gpus(seconds: float, gpus: int, config: CapacityConfig) -> float:
    """Hours of wall time that `seconds` of work on one GPU take on several."""
    speed = gpus * (config.gpus.efficiency.value if gpus > 1 else 1.0)
    return seconds / HOUR_S / speed


def hours_on_cpus(seconds: float, config: CapacityConfig) -> float:
    """Hours of wall time that `seconds` of work on one CPU take on all workers."""
    return seconds / HOUR_S / config.cpus.workers
