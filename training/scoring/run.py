"""A whole scoring run in this process: find, score, rank, write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import PhotoFile, find_photos, read_photo
from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.files import FileStore
from joppo.data.store.store import Store
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.judge import SamplingJudge
from joppo.training.judges.mean import mean_name
from joppo.training.scoring.calibration import Calibration, load, place_of
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.report.page import Picture, write_report
from joppo.training.scoring.score import Scored, score
from joppo.training.scoring.score_cache import ScoreCache
from joppo.training.scoring.score_files import Ranked, rank, write_scores
from joppo.training.scoring.thumbnails import keep_thumbnail, kept_thumbnail


@dataclass(frozen=True)
class Scoring:
    """The result of a run: ranked photos, rejects, files written, and how many photos were new."""

    ranked: list[Ranked]
    rejects: list[Reject]
    files: list[str]
    new: int


class NothingToScoreError(ValueError):
    """Not one photo was found; the message says what was looked for."""


def run(
    places: Sequence[str],
    judge: SamplingJudge,
    config: ScoringConfig,
    store: Store,
    out: FileStore,
    html: bool = True,
    progress: Callable[[int], Any] = lambda count: None,
    listed: Callable[[int], Any] = lambda count: None,
) -> Scoring:
    """Score the photos of files, folders and patterns, and write tables and report to `out`.

    Interrupted, it leaves what was scored in the store; started again, it goes on from there.

    Args:
        progress: called with the number of files that were finished since its last call.
        listed: called once with the number of files.

    Raises:
        NothingToScoreError: there is no file to look at.
        CalibrationError: the config asks for a calibration that there is not.
        StoreError, BudgetExceeded, AccessError, ProviderDown: the work cannot go on.
    """
    files = list(find_photos(places))
    check_found(files)
    listed(len(files))
    name = mean_name(judge.name, config.samples)
    cache = ScoreCache(store, name, config.question().prompt_id)
    calibration = calibration_of(config, store, cache) if config.calibrated else None
    scored: list[Scored] = []
    rejects: list[Reject] = []
    try:
        for result in score(files, judge, config, cache, progress):
            if isinstance(result, Reject):
                rejects.append(result)
            else:
                scored.append(result)
    finally:
        cache.flush()
    ranked = rank(scored, calibration)
    paths = {file.name: file.path for file in files if isinstance(file, PhotoFile)}
    picture = pictures(store, paths, config)
    names = write_results(out, ranked, rejects, config, picture if html else None)
    return Scoring(ranked, rejects, names, sum(one.new for one in scored))


def check_found(files: Sequence[PhotoFile | Reject]) -> None:
    """Raise NothingToScoreError, with the first reasons, where no file was found."""
    if not any(isinstance(file, PhotoFile) for file in files):
        rejects = [file for file in files if isinstance(file, Reject)]
        reasons = "; ".join(f"{r.item}: {r.detail}" for r in rejects[:5])
        raise NothingToScoreError(f"no photo to score. {reasons}")


def write_results(
    out: FileStore,
    ranked: Sequence[Ranked],
    rejects: Sequence[Reject],
    config: ScoringConfig,
    picture: Picture | None,
) -> list[str]:
    """Tables, and the report where pictures are given; names of the files written."""
    rubric = config.load_rubric()
    names = write_scores(out, ranked, rejects, rubric)
    if picture is not None:
        names.append(write_report(out, ranked, rejects, rubric, picture))
    return names


def pictures(store: Store, paths: dict[str, Path], config: ScoringConfig) -> Picture:
    """Thumbnails from the store; where one is missing, it is made from the photo again."""

    def picture(one: Ranked, side: int) -> bytes | None:
        image_id = one.row.image_id
        kept = kept_thumbnail(store, image_id, side)
        if kept is not None:
            return kept
        try:
            content = read_photo(paths[one.name], config.max_bytes)
            keep_thumbnail(store, image_id, load_photo(content, max_pixels=config.max_pixels))
        except PhotoError:  # scored before, and gone since: the report says "no picture"
            return None
        return kept_thumbnail(store, image_id, side)

    return picture


def calibration_of(config: ScoringConfig, store: Store, cache: ScoreCache) -> Calibration:
    """The stored calibration of the judge.

    Raises:
        CalibrationError: there is none.
    """
    folder, name = calibration_place(config, store, cache.judge)
    return load(folder, cache.judge, cache.prompt_id, name)


def calibration_place(config: ScoringConfig, store: Store, judge: str) -> tuple[FileStore, str]:
    """Where the calibration of a judge lies: see `training.scoring.calibration.place_of`."""
    local = config.judge if isinstance(config.judge, LocalJudgeConfig) else None
    folder = Path(local.model) if local is not None and Path(local.model).is_dir() else None
    return place_of(folder, store.root, judge)
