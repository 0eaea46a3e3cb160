"""One training run: its inputs, its id, its folder, and the events that its processes send.

<folder>/checkpoint-N/      see training.runs.checkpoints
<folder>/model/             the finished judge (training.models.model_folder)
<folder>/operational.json   see training.runs.used_values
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store
from joppo.training.config import TrainConfig

Stage = Literal["sft", "joppo"]
RECIPE_VERSION = 2
"""To be raised when training makes other weights from the same config and snapshot."""
EVENT = "@joppo "
"""Lines of standard output that begin with this hold one JSON object for the parent process."""


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
    """Stage, and 16 hex characters of the hash of all that decides the weights."""
    return f"{stage}-{content_hash(RECIPE_VERSION, config.recipe(), snapshot, parent)[:SHORT]}"


def say(line: str) -> None:
    """One line of the run's log."""
    print(line, flush=True)


def emit(kind: str, **values: Any) -> None:
    """Send the parent process an event; see EVENT."""
    say(EVENT + json.dumps({"event": kind, **values}))


def read_event(line: str) -> dict[str, Any] | None:
    """The event of a line, or None where it is plain output."""
    if not line.startswith(EVENT):
        return None
    event: dict[str, Any] = json.loads(line[len(EVENT) :])
    return event
