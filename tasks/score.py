"""Scoring photos by shards: list, score, rank and report."""

from pathlib import Path
from threading import Lock
from typing import Any, TypedDict

from prefect import task
from prefect.cache_policies import NO_CACHE

from joppo.data.config import StageConfig
from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import STAGE, PhotoFile, find_photos, read_photo
from joppo.data.photos.decode import PhotoError
from joppo.data.store.files import FileStore
from joppo.data.store.hashing import SHORT, content_hash, sha256
from joppo.data.store.shards import partition
from joppo.data.store.store import ShardRef, Store
from joppo.tasks.keys import fill_keys
from joppo.tasks.manifest import Manifest, Shard, load
from joppo.tasks.retrying import RETRY
from joppo.tasks.shard_task import Step, shard_task
from joppo.training.judges.config import EndpointJudgeConfig
from joppo.training.judges.judge import SamplingJudge
from joppo.training.judges.mean import mean_name
from joppo.training.judges.open_judge import judge_name, open_judge
from joppo.training.scoring.config import ScorePhotosConfig, ScoringConfig
from joppo.training.scoring.rows import ScoreRow
from joppo.training.scoring.run import calibration_of, check_found, pictures, write_results
from joppo.training.scoring.score import RECIPE_VERSION, Scored, score
from joppo.training.scoring.score_cache import TABLE, ScoreCache
from joppo.training.scoring.score_files import Ranked, rank

# A judge on this machine fills its device: one shard at a time and process.
_ONE_AT_A_TIME = Lock()
_judges: dict[str, SamplingJudge] = {}


class UnansweredError(ConnectionError):
    """An endpoint gave no answer to some photos of a shard; a retry asks for these alone."""


class ScoreRecipe(StageConfig):
    """What a row of a shard depends on, beside the photos."""

    judge: str
    prompt_id: str
    samples: int
    max_pixels: int
    max_bytes: int


class PhotoListing(TypedDict):
    """Files to score: shards of items (name, path, sha256), and what cannot be read."""

    shards: list[Shard]
    rejects: list[dict[str, str]]


def recipe_of(config: ScoringConfig) -> ScoreRecipe:
    """The part of a config that is the cache key of its shards."""
    return ScoreRecipe(
        judge=mean_name(judge_name(config.judge), config.samples),
        prompt_id=config.question().prompt_id,
        samples=config.samples,
        max_pixels=config.max_pixels,
        max_bytes=config.max_bytes,
    )


# Never cached: what a folder holds is only known by looking.
@task(name="list-files", cache_policy=NO_CACHE, persist_result=False, **RETRY)
def list_files(config: dict[str, Any]) -> PhotoListing:
    """Find the photos of a config, hash them, and cut them into shards by content."""
    c = ScorePhotosConfig.model_validate(config)
    files = list(find_photos(c.photos))
    check_found(files)
    items, rejects = [], []
    for file in files:
        try:
            if isinstance(file, Reject):
                rejects.append(file.as_row())
                continue
            digest = sha256(read_photo(file.path, c.max_bytes))
        except PhotoError as error:
            rejects.append(Reject(STAGE, file.name, error.reason, error.detail).as_row())
            continue
        items.append((digest, {"name": file.name, "path": str(file.path), "sha256": digest}))
    shards = [
        Shard(key=content_hash([i["sha256"] for i in part])[:SHORT], items=part)
        for part in partition(items, c.shard_size)
    ]
    return PhotoListing(shards=shards, rejects=rejects)


@shard_task("score", RECIPE_VERSION)
def score_shard(shard: Shard, step: Step) -> Manifest:
    """Judge the photos of a shard; what any earlier run has judged is taken from the store.

    Raises:
        UnansweredError: an endpoint did not answer; the answers that came are kept.
    """
    config = ScoringConfig.model_validate(step.settings["scoring"])
    cache = ScoreCache(step.store, step.config["judge"], step.config["prompt_id"])
    files = [PhotoFile(item["name"], Path(item["path"])) for item in shard["items"]]
    with Lock() if isinstance(config.judge, EndpointJudgeConfig) else _ONE_AT_A_TIME:
        judge = _judge(config, step.config["judge"], step.store.root)
        try:
            found = list(score(files, judge, config, cache))
        finally:  # what was judged before an interruption is kept
            cache.flush()
    scored = [one for one in found if isinstance(one, Scored)]
    if lost := [one for one in scored if not one.lasting]:
        reasons = sorted({str(one.row.reason) for one in lost})
        raise UnansweredError(f"{len(lost)} photos without an answer ({', '.join(reasons)})")
    rows = {one.row.image_id: one.row for one in scored}
    rejects = [one.as_row() for one in found if isinstance(one, Reject)]
    refs: list[ShardRef] = []
    if rows:
        refs.append(
            step.store.write_shard(
                TABLE, cache.shard_name(rows), [row.columns() for row in rows.values()]
            )
        )
    if rejects:
        refs.append(step.store.write_shard("rejects", f"{step.stage}-{step.key}", rejects))
    counts = {"scores": len(rows), "rejects": len(rejects)}
    return Manifest(stage=step.stage, key=step.key, refs=refs, counts=counts)


def _judge(config: ScoringConfig, name: str, store: str) -> SamplingJudge:
    """The judge of a config, loaded once per process.

    Args:
        name: that of the judge (`ScoreRecipe.judge`). It says which weights lie in a folder:
            trained again, it is another judge.
    """
    key = content_hash(name, config.judge.as_dict(), store)
    if key not in _judges:
        if isinstance(config.judge, EndpointJudgeConfig):
            from joppo.training.judges.endpoint import teachers_of

            fill_keys(teachers_of(config.judge))
        _judges[key] = open_judge(config.judge, store)
    return _judges[key]


def gather(
    listing: PhotoListing, shards: list[Manifest], store: Store
) -> tuple[list[Scored], list[Reject]]:
    """Rows of all shards with their files, and all rejects."""
    rows = {row.image_id: row for one in shards for row in _score_rows(store, one)}
    rejects = [Reject(**row) for row in listing["rejects"]]
    rejects += [Reject(**row) for one in shards for row in load(store, one, "rejects")]
    items = [item for shard in listing["shards"] for item in shard["items"]]
    scored = [
        Scored(PhotoFile(item["name"], Path(item["path"])), rows[item["sha256"]])
        for item in items
        if item["sha256"] in rows
    ]
    return scored, sorted(rejects, key=lambda reject: (reject.item, reject.reason))


def _score_rows(store: Store, manifest: Manifest) -> list[ScoreRow]:
    return [ScoreRow.from_columns(row) for row in load(store, manifest, TABLE)]


def finish(
    listing: PhotoListing, shards: list[Manifest], config: ScorePhotosConfig, store: Store
) -> tuple[FileStore, list[Ranked], list[Reject]]:
    """Rank, write tables and report, and return their folder, the ranking and the rejects."""
    scored, rejects = gather(listing, shards, store)
    recipe = recipe_of(config)
    cache = ScoreCache(store, recipe.judge, recipe.prompt_id)
    ranked = rank(scored, calibration_of(config, store, cache) if config.calibrated else None)
    key = content_hash(recipe.recipe(), sorted(s["key"] for s in listing["shards"]))[:SHORT]
    out = FileStore(config.out or f"{store.root}/scored/{key}")
    paths = {i["name"]: Path(i["path"]) for s in listing["shards"] for i in s["items"]}
    write_results(
        out, ranked, rejects, config, pictures(store, paths, config) if config.html else None
    )
    return out, ranked, rejects
