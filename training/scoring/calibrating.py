"""Fitting a judge's calibration on photos of a snapshot that people have scored."""

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from joppo.data.datasets.base import SPLITS
from joppo.data.store.store import Store
from joppo.training.judges.judge import Question, SamplingJudge
from joppo.training.judges.parse_reply import lasting
from joppo.training.scoring.calibration import Calibration, fit
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.rows import score_row
from joppo.training.scoring.score_cache import ScoreCache
from joppo.training.trainer.examples import Row, photo, preference_rows, resolve_snapshot


def calibrate(
    judge: SamplingJudge,
    cache: ScoreCache,
    store: Store,
    config: ScoringConfig,
    version: str | None = None,
    split: str = "validation",
) -> Calibration:
    """Score the photos of a split that have a human score, and fit the calibration.

    Photos whose score is in the cache are not judged again. Photos whose reply is not in form
    are left out.

    Args:
        split: one of the corpus's splits, or `all`; photos that the judge was trained on make it
            look better than it is.

    Raises:
        CalibrationError: fewer than 10 photos can be used.
        CorpusNotFoundError, SnapshotError: there is no such snapshot, or it is of another schema.
        PhotoMissingError: a photo of the snapshot is gone.
    """
    version = resolve_snapshot(store, version)
    people = {
        _image_id(row): row
        for one in (SPLITS if split == "all" else (split,))
        for row in preference_rows(store, version, one)
        if row["task"] == "score" and row["mos"] is not None
    }
    question = config.question()
    prompt, form = question.prompt, question.form
    asked: list[str] = []

    def questions() -> Iterator[Question]:
        for image_id, row in people.items():
            if cache.get(image_id) is None:
                asked.append(image_id)
                opened = partial(photo, store, row["uri"])
                yield Question(image_id, opened, prompt, form)

    replies = (
        judge.sample(questions(), config.samples)
        if config.samples
        else ((reply,) for reply in judge.ask(questions()))
    )
    for number, found in enumerate(replies):
        row = score_row(cache.judge, cache.prompt_id, asked[number], form.names, found)
        if lasting(found):
            cache.add(row)
    cache.flush()
    rows = [(cache.get(image_id), row["mos"]) for image_id, row in people.items()]
    pairs = [(row.total, mos) for row, mos in rows if row is not None and row.total is not None]
    return fit(
        [total for total, _ in pairs],
        [mos for _, mos in pairs],
        judge=cache.judge,
        prompt_id=cache.prompt_id,
        source=f"snapshot {version}, {split}",
    )


def _image_id(row: Row) -> str:
    return PurePosixPath(row["uri"]).stem
