"""The preferences of a snapshot as an evaluation set."""

from functools import partial
from typing import Any

from joppo.data.corpus.publish import open_corpus
from joppo.data.datasets.labelled import labelled_photos
from joppo.data.store.hashing import unit_interval
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.evaluation.config import LATEST, SetConfig
from joppo.training.evaluation.items import SCORE, EvaluationSet, distinct
from joppo.training.evaluation.make_items import make_item
from joppo.training.models.rubric_check import RubricMismatchError, snapshot_problems
from joppo.training.trainer.examples import SnapshotError, resolve_snapshot

_ROWS = """
SELECT p.image_id, p.task, p.prompt, p.mos, p.answer, p.choices, i.item, i.uri, i.origin
FROM preferences p JOIN images i USING (image_id)
WHERE ($split = 'all' OR p.split = $split) AND list_contains($tasks, p.task)
  AND ($synthetic OR i.parent_image_id IS NULL)
ORDER BY p.image_id, p.task, p.prompt
"""
_LABELS = "SELECT image_id, dataset, item, attributes FROM labels WHERE image_id IS NOT NULL"


def snapshot_set(
    config: SetConfig, store: Store, rubric: Rubric, may_be_empty: bool = False
) -> EvaluationSet:
    """Questions and truths of one split of a snapshot.

    Raises:
        CorpusNotFoundError: there is no such snapshot.
        SnapshotError: it is of another schema, or holds no such question and may not be empty.
        RubricMismatchError: its scored photos are asked about by another rubric.
    """
    wanted = None if config.snapshot == LATEST else config.snapshot
    version = resolve_snapshot(store, wanted)
    rows, labels = _read(store, version, config)
    if not rows and not may_be_empty:
        raise SnapshotError(
            f"snapshot {version} has no preferences of tasks {', '.join(config.tasks)} in split "
            f"{config.split}: build a larger corpus, or choose split `all`"
        )
    if problems := snapshot_problems(
        (row["prompt"] for row in rows if row["task"] == SCORE), rubric
    ):
        raise RubricMismatchError(f"set {config.name}: {problems[0]}")
    items = [
        make_item(row, labels.get(row["image_id"]), partial(store.read_bytes, row["uri"]), rubric)
        for row in rows
    ]
    kept, rejects = distinct(items)
    return EvaluationSet(config.name, "snapshot", kept, rejects, version)


def _read(
    store: Store, version: str, config: SetConfig
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows to ask about, and the label of each photo."""
    values = {"split": config.split, "tasks": list(config.tasks), "synthetic": config.synthetic}
    with open_corpus(store, version) as corpus:
        rows = corpus.execute(_ROWS, values).to_arrow_table().to_pylist()
        labels = corpus.execute(_LABELS).to_arrow_table().to_pylist(maps_as_pydicts="strict")
    photos = sorted({row["image_id"] for row in rows}, key=lambda i: unit_interval("evaluate", i))
    chosen = set(photos[: config.limit])
    rows = [row for row in rows if row["image_id"] in chosen]
    named = [{"image_id": row["image_id"], "origin": row["origin"]} for row in rows]
    return rows, {one.id: one.label for one in labelled_photos(named, labels)}
