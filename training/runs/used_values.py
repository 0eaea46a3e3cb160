"""The operational values of a run, by the step from which they were used.

<run>/operational.json    a list of {"from_step", "values"}, oldest first

They are no part of the run's id, and may change whenever the run is started again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joppo.data.store.write_aside import write_aside

FILE = "operational.json"
Used = list[dict[str, Any]]


def record_used(run: Path, step: int, values: Mapping[str, Any]) -> None:
    """Note what a run uses from `step` on; what was noted of later steps is done again."""
    before = [one for one in used_values(run) if one["from_step"] < step]
    if not before or before[-1]["values"] != values:
        before.append({"from_step": step, "values": dict(values)})
    run.mkdir(parents=True, exist_ok=True)
    with write_aside(run / FILE) as aside:
        aside.write_text(json.dumps(before, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def used_values(run: Path) -> Used:
    """What was noted of a run; empty where nothing was."""
    path = run / FILE
    if not path.is_file():
        return []
    used: Used = json.loads(path.read_text(encoding="utf-8"))
    return used
