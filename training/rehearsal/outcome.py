"""What a rehearsal found: one row a stage, warnings, and what the full recipe will take."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from joppo.data.store.write_aside import write_aside
from joppo.training.rehearsal.changes import Listed

FILE = "rehearsal.json"
Status = Literal["passed", "failed", "not run"]


@dataclass(frozen=True)
class Warned:
    """Something to read before GPUs are rented."""

    about: str
    remedy: str


@dataclass
class StageOutcome:
    """One stage: whether it passed, why not, and what it took."""

    stage: str
    status: Status
    reason: str = ""
    """of a failure, or which failed stage it needs; a short account where it passed"""
    remedy: str = ""
    seconds: float = 0.0
    memory_gib: float | None = None
    """peak of the stage's processes together; None where it did not run, or was killed"""
    gpu_gib: float | None = None
    """peak of the GPUs' memory above what was in use before; None without a GPU"""
    figures: list[dict[str, Any]] = field(default_factory=list)
    """what the stage measured, one row a figure, for the report"""
    warnings: list[Warned] = field(default_factory=list)
    measures: dict[str, float] = field(default_factory=dict)
    """seconds and counts that the forecast is made of"""


@dataclass(frozen=True)
class Forecast:
    """What one part of the full recipe takes, by this rehearsal and by `joppo plan`."""

    part: str
    amount: float
    """items of the full recipe"""
    unit: str
    seconds_each: float | None
    """measured here; None where nothing was"""
    processes: int = 1
    """that share the work in the full recipe"""
    plan_hours: float | None = None
    """by `joppo plan`; None where the plan has no such part"""
    usd: float | None = None
    """of the answers that are paid for, by the prices asked here"""
    plan_usd: float | None = None

    @property
    def hours(self) -> float | None:
        """Of the full recipe by the seconds that were measured."""
        if self.seconds_each is None:
            return None
        return self.amount * self.seconds_each / self.processes / 3600


@dataclass
class Report:
    """A whole rehearsal."""

    profile: str
    settings: dict[str, Any]
    store: str
    stages: list[StageOutcome]
    changes: list[Listed] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    forecast: list[Forecast] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    """beside those of the stages"""

    @property
    def failed(self) -> list[StageOutcome]:
        """Stages that failed; what needs one of them did not run."""
        return [one for one in self.stages if one.status == "failed"]

    def all_warnings(self) -> list[Warned]:
        """Warnings of all stages and of the whole, each once."""
        found = [*(one for stage in self.stages for one in stage.warnings), *self.warnings]
        return list(dict.fromkeys(found))

    def write(self, folder: Path) -> Path:
        """Write `rehearsal.json`; returns its path."""
        values = asdict(self) | {"passed": not self.failed}
        for row, one in zip(values["forecast"], self.forecast, strict=True):
            row["hours"] = one.hours
        path = folder / FILE
        with write_aside(path) as aside:
            text = json.dumps(values, indent=1, ensure_ascii=False, default=str)
            aside.write_text(f"{text}\n", encoding="utf-8")
        return path
