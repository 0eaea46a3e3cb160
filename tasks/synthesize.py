"""Control maps, images and the gate: the three steps of one shard of synthesis attempts."""

from threading import Lock
from typing import Any

from joppo.data.synthesis.config import RECIPE_VERSION as SYNTHESIS_RECIPE
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import RECIPE_VERSION as CONTROL_RECIPE
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.control_shard import control_shard
from joppo.data.synthesis.gate import RECIPE_VERSION as GATE_RECIPE
from joppo.data.synthesis.gate import GateConfig, gate_shard
from joppo.data.synthesis.generate import read_result, record_uri, synthesize_shard
from joppo.tasks.manifest import Manifest
from joppo.tasks.plan import read_planned
from joppo.tasks.shard_task import Step, shard_task

# A diffusers pipeline keeps the state of its scheduler: one shard at a time and process.
_ONE_AT_A_TIME = Lock()


@shard_task("control", CONTROL_RECIPE)
def control(shard: dict[str, Any], step: Step) -> Manifest:
    """Canny and depth maps of the parents of a shard."""
    maps = read_planned(shard["uri"], step.store).maps
    rows = control_shard(maps, step.store, ControlConfig.model_validate(step.config))
    files = [row["uri"] for row in rows["controls"]]
    return step.save(rows, files=files, extra={"plan": shard["uri"]})


@shard_task("synthesize", SYNTHESIS_RECIPE)
def synthesize(controls: Manifest, step: Step) -> Manifest:
    """Images of a shard's attempts; what is in the store is not made again."""
    plan = controls["extra"]["plan"]
    attempts = read_planned(plan, step.store).attempts
    config = SynthesisConfig.model_validate(step.config)
    with _ONE_AT_A_TIME:
        rows = synthesize_shard(attempts, step.store, config)
    warnings = rows.pop("warnings")
    image_ids = {row["attempt_id"]: row["image_id"] for row in rows["syntheses"]}
    return step.save(
        {"rejects": rows["rejects"]},
        files=[*map(record_uri, image_ids), *(row["uri"] for row in rows["images"])],
        extra={"plan": plan, "made": image_ids, "warnings": warnings},
    )


@shard_task("gate", GATE_RECIPE)
def gate(images: Manifest, step: Step) -> Manifest:
    """Which images kept the composition; the others are rejected with a reason."""
    plan = images["extra"]["plan"]
    attempts = read_planned(plan, step.store).attempts
    results = [read_result(attempt, step.store) for attempt in attempts]
    rows = gate_shard(
        [result for result in results if result is not None],
        step.store,
        GateConfig.model_validate(step.config["gate"]),
        ControlConfig.model_validate(step.config["control"]),
    )
    return step.save(rows, extra={"plan": plan})
