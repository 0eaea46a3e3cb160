"""Embedded scenes in place of a dataset: rendered, labelled and stored, one shard at a time."""

from joppo.data.scenes.scene_source import RECIPE_VERSION, SceneSourceConfig, render_shard
from joppo.tasks.manifest import Manifest, Shard
from joppo.tasks.shard_task import Step, shard_task


@shard_task("render", RECIPE_VERSION)
def render(shard: Shard, step: Step) -> Manifest:
    """Render the scenes of a shard with their labels and known depth."""
    config = SceneSourceConfig.model_validate(step.config)
    rows = render_shard(shard["items"], step.store, config)
    return step.save(rows, files=[row["uri"] for row in rows["controls"]])
