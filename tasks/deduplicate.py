"""Reject reasoning texts that repeat one of another shard."""

from joppo.data.reasoning.checks import repeated_reasonings
from joppo.data.reasoning.repetition import RECIPE_VERSION, without_repeated
from joppo.tasks.manifest import Manifest, load, save
from joppo.tasks.shard_task import Step, shard_task


@shard_task("deduplicate", RECIPE_VERSION)
def deduplicate(texts: list[Manifest], step: Step) -> Manifest:
    """Compare the texts of all shards; shards with repeated texts are written anew.

    `extra.replaced` names the shards that the new ones replace.
    """
    reasonings = [row for one in texts for row in load(step.store, one, "reasonings")]
    repeated = repeated_reasonings(reasonings, step.config["duplicate_threshold"])
    refs, replaced = [], []
    for number, one in enumerate(sorted(texts, key=lambda t: t["key"])):
        rows = load(step.store, one, "reasonings")
        if any(row["request_id"] in repeated for row in rows):
            unique = without_repeated(rows, load(step.store, one, "sft_samples"), repeated)
            refs += save(step.store, step.stage, f"{step.key}-{number}", unique)["refs"]
            tables = ("reasonings", "sft_samples")
            replaced += [ref["uri"] for ref in one["refs"] if ref["table"] in tables]
    counts = {"repeated": len(repeated)}
    return Manifest(
        stage=step.stage, key=step.key, refs=refs, counts=counts, extra={"replaced": replaced}
    )
