"""A corpus of procedural scenes in one call, without Prefect: for tests and measurements.

`python -m benchmarks.scene_corpus STORE [--per-category 40]` prints the version of the snapshot. It
holds what `build-sft-data` makes of the same scenes without synthesis.
"""

import argparse
from pathlib import Path

import yaml

from joppo.data.corpus.publish import publish
from joppo.data.datasets.labelled import labelled_photos
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.reason import reason_shard
from joppo.data.scenes.scene_source import SceneSourceConfig, render_shard, scene_items
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store

SHARD = 120
EMBEDDED = Path(__file__).parents[1] / "configs" / "embedded" / "build-sft-data.yaml"
BRIEF = ReasoningConfig.model_validate(yaml.safe_load(EMBEDDED.read_text())["reasoning"])
"""Short texts about single photos: what a judge of a million parameters can hold."""


def build(store: Store, scenes: SceneSourceConfig, reasoning: ReasoningConfig = BRIEF) -> str:
    """Render, reason and publish; the version."""
    items, refs = scene_items(scenes), []
    for first in range(0, len(items), SHARD):
        shard = items[first : first + SHARD]
        key = content_hash(shard, scenes.as_dict(), reasoning.as_dict())[:SHORT]
        rows = render_shard(shard, store, scenes)
        photos = labelled_photos(rows["images"], rows["labels"])
        rows |= reason_shard(photos, store, reasoning)
        refs += [store.write_shard(t, f"scenes-{key}", r) for t, r in sorted(rows.items()) if r]
    return publish(
        store, refs, config_hash=content_hash(scenes.as_dict(), reasoning.as_dict()), inputs={}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--per-category", type=int, default=40)
    parser.add_argument("--size", type=int, default=128)
    args = parser.parse_args()
    scenes = SceneSourceConfig(per_category=args.per_category, size=args.size)
    print(build(Store(args.store), scenes))


if __name__ == "__main__":
    main()
