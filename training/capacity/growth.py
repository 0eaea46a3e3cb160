"""How each quantity of a plan grows with the number of photos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from joppo.training.capacity.plan import Plan
from joppo.training.capacity.training_stages import ABLATION, JOPPO

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_SAME = 1e-3
_DAY = 24.0


@dataclass(frozen=True)
class Quantity:
    """A named number of a plan."""

    name: str
    of: Callable[[Plan], float]


@dataclass(frozen=True)
class Growth:
    """A quantity at several sizes."""

    name: str
    values: tuple[float, ...]
    law: str
    """`constant`, `linear`, `constant + linear`, or `other` (a budget or step limit bends it)"""


def _gpu(*steps: str) -> Callable[[Plan], float]:
    return lambda plan: sum(row.gpu_hours for row in plan.of(*steps))


QUANTITIES = (
    Quantity("synthetic images made", lambda p: p.counts.attempts),
    Quantity("answers of teachers", lambda p: p.counts.texts),
    Quantity("SFT conversations of one run", lambda p: p.counts.conversations),
    Quantity(
        "JoPPO completions of one run", lambda p: p.counts.completions.get(p.recipe.full, 0.0)
    ),
    Quantity("task runs of the build", lambda p: p.counts.task_runs),
    Quantity("GPU h: data", _gpu("maps", "synthesis", "reasoning")),
    Quantity("GPU h: SFT", _gpu("sft")),
    Quantity("GPU h: JoPPO", _gpu(JOPPO)),
    Quantity(
        "GPU h: ablations",
        lambda p: sum(row.gpu_hours for row in p.stages if row.step.startswith(ABLATION)),
    ),
    Quantity("GPU h: evaluation", _gpu("evaluation")),
    Quantity("GPU h: all", lambda p: p.gpu_hours),
    Quantity("GPUs, USD", lambda p: p.gpu_usd),
    Quantity("APIs, USD", lambda p: p.api_usd),
    Quantity("disk, GB", lambda p: p.disk_gb),
    Quantity("wall time, days", lambda p: p.hours / _DAY),
)


def growth(plans: Sequence[Plan]) -> list[Growth]:
    """Every quantity over plans of rising size.

    Raises:
        ValueError: fewer than three plans, or sizes that do not rise.
    """
    sizes = [plan.counts.photos for plan in plans]
    if len(sizes) < 3 or sorted(set(sizes)) != sizes:
        raise ValueError(f"growth needs three or more rising sizes, not {sizes}")
    found = []
    for one in QUANTITIES:
        values = tuple(one.of(plan) for plan in plans)
        found.append(Growth(one.name, values, law(sizes, values)))
    return found


def law(sizes: Sequence[float], values: Sequence[float]) -> str:
    """Which law the values follow, by the line through the first and the last."""
    slope = (values[-1] - values[0]) / (sizes[-1] - sizes[0])
    fixed = values[0] - slope * sizes[0]
    largest = max(map(abs, values))
    line = [fixed + slope * size for size in sizes]
    if any(abs(a - b) > _SAME * largest for a, b in zip(line, values, strict=True)):
        return "other"
    if abs(slope) * sizes[-1] <= _SAME * largest:
        return "constant"
    return "linear" if abs(fixed) <= _SAME * max(abs(values[0]), 1e-12) else "constant + linear"
