"""Control maps, images and the gate: the three steps of one shard of synthesis attempts."""

import json
from threading import Lock
from typing import Any

from joppo.data.synthesis.config import RECIPE_VERSION as SYNTHESIS_RECIPE
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import RECIPE_VERSION as CONTROL_RECIPE
from joppo.data.synthesis.control_maps import ControlConfig, control_shard
from joppo.data.synthesis.gate import RECIPE_VERSION as GATE_RECIPE
from joppo.data.synthesis.gate import GateConfig, gate_shard
from joppo.data.synthesis.generate import read_record, record_uri, synthesize_shard
from joppo.tasks.manifest import Manifest
from joppo.tasks.shard_task import Step, shard_task

# A diffusers pipeline keeps the state of its scheduler: one shard at a time and process.
_ONE_AT_A_TIME = Lock()


def _planned(uri: str, step: Step) -> dict[str, Any]:
    planned: dict[str, Any] = json.loads(step.store.read_bytes(uri))
    return planned


@shard_task("control", CONTROL_RECIPE)
def control(shard: dict[str, Any], step: Step) -> Manifest:
    """Canny and depth maps of the parents of a shard."""
    rows = control_shard(
        _planned(shard["uri"], step)["controls"],
        step.store,
        ControlConfig.model_validate(step.config),
    )
    files = [row["uri"] for row in rows["controls"]]
    return step.save(rows, files=files, extra={"plan": shard["uri"]})


@shard_task("synthesize", SYNTHESIS_RECIPE)
def synthesize(controls: Manifest, step: Step) -> Manifest:
    """Images of a shard's attempts; what is in the store is not made again."""
    attempts = _planned(controls["extra"]["plan"], step)["attempts"]
    config = SynthesisConfig.model_validate(step.config)
    with _ONE_AT_A_TIME:
        rows = synthesize_shard(attempts, step.store, config)
    warnings = rows.pop("warnings")
    made = {row["attempt_id"]: row["image_id"] for row in rows["syntheses"]}
    return step.save(
        {"rejects": rows["rejects"]},
        files=[*map(record_uri, made), *(row["uri"] for row in rows["images"])],
        extra={"plan": controls["extra"]["plan"], "made": made, "warnings": warnings},
    )


@shard_task("gate", GATE_RECIPE)
def gate(images: Manifest, step: Step) -> Manifest:
    """Which images kept the composition; the others are rejected with a reason."""
    plan = images["extra"]["plan"]
    items = []
    for attempt in _planned(plan, step)["attempts"]:
        record = read_record(step.store, attempt["attempt_id"])
        if record is not None:
            items.append({"attempt": attempt, **record})
    rows = gate_shard(
        items,
        step.store,
        GateConfig.model_validate(step.config["gate"]),
        ControlConfig.model_validate(step.config["control"]),
    )
    return step.save(rows, extra={"plan": plan})
