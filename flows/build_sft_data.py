"""build-sft-data: labelled photos in, a versioned corpus of reasoning text out.

    prefect deployment run build-sft-data
    joppo build configs/embedded/build-sft-data.yaml

Every stage works in shards that are cached by content, so a second run does only what is new.
"""

from pathlib import Path
from typing import Any

from prefect import flow

from joppo.data.config import StageConfig
from joppo.data.store.hashing import content_hash
from joppo.flows.build_config import BuildSftDataConfig, SynthesisSection
from joppo.flows.config import load_config
from joppo.flows.missing_answers import check_missing
from joppo.flows.parameters import ConfigOrPath, Overrides, StoreRoot, folder_of, open_store
from joppo.flows.runner import Futures, StageRunner, task_runner
from joppo.tasks.deduplicate import deduplicate
from joppo.tasks.ingest import ingest
from joppo.tasks.listing import list_photos, list_scenes
from joppo.tasks.plan import plan
from joppo.tasks.publish import publish_snapshot
from joppo.tasks.reason import reason
from joppo.tasks.render import render
from joppo.tasks.report import report
from joppo.tasks.sheet import draw_sheet
from joppo.tasks.synthesize import control, gate, synthesize


@flow(name="build-sft-data", task_runner=task_runner())
def build_sft_data(
    config: ConfigOrPath[BuildSftDataConfig] = "configs/embedded/build-sft-data.yaml",
    store: StoreRoot = None,
    overrides: Overrides = None,
) -> str:
    """Build the corpus of a config and return the version of its snapshot."""
    c = load_config(BuildSftDataConfig, config, overrides)
    run = StageRunner(open_store(store))

    listing, photos = read_photos(run, c, folder_of(config))
    planned, images = expand_rare_compositions(run, c.synthesis, photos)
    texts = run.map(reason, [*photos, *images], c.reason_stage, settings=c.reason_settings)
    sheet = run.map(draw_sheet, [images], StageConfig()) if images else []
    unique = run.map(deduplicate, [texts], c.reasoning.checks)
    run.follow()
    check_missing(
        [one.result() for one in texts], c.reasoning.accept_missing, _again(config, store)
    )

    shards = listing.result()["shards"]
    version = publish_snapshot.submit(
        [listing, *photos, *planned, *images, *texts, *unique],
        run.root,
        config_hash=c.hash(),
        inputs={"photos": content_hash([shard["key"] for shard in shards])},
    )
    report.submit(version, run.root, [*planned, *sheet]).result()
    return version.result()


def _again(config: BuildSftDataConfig | str, store: str | None) -> str:
    """What starts this run again."""
    if not isinstance(config, str):
        return "the same flow run"
    return f"joppo build {config}" + (f" --store {store}" if store else "")


def read_photos(run: StageRunner, c: BuildSftDataConfig, base: Path) -> tuple[Any, Futures]:
    """Labels and photos into the store: of datasets, or rendered."""
    if c.scenes is not None:
        listing = list_scenes.submit(c.scenes.as_dict(), c.shard_size, c.sample)
        return listing, run.map(render, listing.result()["shards"], c.scenes, after=[listing])
    sources = [one.as_dict() for one in c.datasets]
    listing = list_photos.submit(sources, str(base), c.shard_size, run.root, c.sample)
    return listing, run.map(ingest, listing.result()["shards"], c.ingest, after=[listing])


def expand_rare_compositions(
    run: StageRunner, c: SynthesisSection | None, photos: Futures
) -> tuple[Futures, Futures]:
    """Plan, control maps, images and gate; returns what was written before and by the gate."""
    if c is None:
        return [], []
    planned = run.map(plan, [photos], c.plan_stage)
    shards = run.value(planned[0])["extra"]["shards"]
    maps = run.map(control, shards, c.control, after=planned)
    images = run.map(synthesize, maps, c.pipeline)
    return [*planned, *maps, *images], run.map(gate, images, c.gate_stage)
