"""score-photos: photos and a judge in, a ranked table and a report out.

    prefect deployment run score-photos -p 'overrides={"photos": ["photos"]}'
    joppo score photos

The command does the same in one process, without a server. Both find in the store what any earlier
run has judged.
"""

from prefect import flow

from joppo.flows.config import load_config
from joppo.flows.parameters import ConfigOrPath, Overrides, StoreRoot, open_store
from joppo.flows.runner import StageRunner, task_runner
from joppo.tasks.score import list_files, recipe_of, score_shard
from joppo.tasks.score_report import rank_photos
from joppo.training.scoring.config import ScorePhotosConfig


@flow(name="score-photos", task_runner=task_runner())
def score_photos(
    config: ConfigOrPath[ScorePhotosConfig] = "configs/embedded/score-photos.yaml",
    store: StoreRoot = None,
    overrides: Overrides = None,
) -> str:
    """Score the photos of a config and return the folder of the tables and the report."""
    root = open_store(store)
    c = load_config(ScorePhotosConfig, config, overrides).with_latest(root)
    run = StageRunner(root)
    settings = {
        "scoring": c.model_dump(mode="json", exclude={"photos", "out", "shard_size", "html"})
    }

    listing = list_files.submit(c.as_dict())
    shards = run.value(listing)["shards"]
    scored = run.map(score_shard, shards, recipe_of(c), after=[listing], settings=settings)
    run.follow()
    return rank_photos.submit(listing, scored, c.as_dict(), run.root).result()
