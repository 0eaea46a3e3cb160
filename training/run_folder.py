"""One training run: what it is made of, where it lies, and its lineage.

<folder>/checkpoint-N/      see training.checkpoints
<folder>/samples/           completions kept to read
<folder>/model/             the finished judge (training.model_folder)
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from data.hashing import SHORT, content_hash
from data.store import Store
from training.config import TrainConfig

Stage = Literal["sft", "joppo"]
RECIPE_VERSION = 1
"""Raised when training makes other weights from the same config and snapshot."""
EVENT = "@joppo "
"""Lines of standard output that begin so hold one JSON object for the parent process."""


@dataclass(frozen=True)
class Run:
    """A run of one stage. Its id is a content hash: the same work has the same folder."""

    stage: Stage
    config: TrainConfig
    store: Store
    snapshot: str
    parent: str
    """content hash of the model that training starts from"""
    folder: Path

    @property
    def id(self) -> str:
        return run_id(self.stage, self.config, self.snapshot, self.parent)

    @property
    def model(self) -> Path:
        return self.folder / "model"


def run_id(stage: Stage, config: TrainConfig, snapshot: str, parent: str) -> str:
    """Stage and 16 hex characters. How a run is launched is no part of what it is."""
    values = config.model_dump(mode="json", exclude={"launch", "report_to"})
    values.pop("adapter", None)
    return f"{stage}-{content_hash(RECIPE_VERSION, values, snapshot, parent)[:SHORT]}"


def say(line: str) -> None:
    """One line of the run's log."""
    print(line, flush=True)


def emit(kind: str, **values: Any) -> None:
    """Tell the parent process something; see EVENT."""
    say(EVENT + json.dumps({"event": kind, **values}))


def read_event(line: str) -> dict[str, Any] | None:
    """The event of a line, or None where it is plain output."""
    if not line.startswith(EVENT):
        return None
    event: dict[str, Any] = json.loads(line[len(EVENT) :])
    return event


def lineage(run: Run, metrics: Mapping[str, float], **more: Any) -> dict[str, Any]:
    """What `run.json` of a finished model says."""
    return {
        "run": run.id,
        "stage": run.stage,
        "snapshot": run.snapshot,
        "parent": run.parent,
        "config": run.config.as_dict(),
        "config_hash": run.config.hash(),
        "recipe_version": RECIPE_VERSION,
        "metrics": dict(metrics),
        **more,
    }


Say = Callable[[str], None]
