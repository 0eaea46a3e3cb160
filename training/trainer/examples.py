"""Rows of a snapshot -> datasets for trl, with photos read from the store when they are used."""

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from joppo.data.corpus.publish import latest_version, open_corpus, read_manifest
from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import unit_interval
from joppo.data.store.schema import SCHEMA_VERSION
from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.runs.run_folder import Run

Row = dict[str, Any]

_SFT = """
select s.sample_id as key, s.task, s.messages, s.answer, s.template_id, s.second_image_id,
       i.uri as uri, j.uri as second_uri
from sft_samples s
join images i using (image_id)
left join images j on j.image_id = s.second_image_id
where s.split = ? order by key
"""
_PREFERENCES = """
select p.image_id || p.task as key, p.task, p.prompt, p.mos, p.answer, p.choices, i.uri as uri
from preferences p join images i using (image_id)
where p.split = ? order by key, p.prompt
"""


_SCORE_PROMPTS = "select distinct prompt from preferences where task = 'score' order by prompt"


class SnapshotError(ValueError):
    """The snapshot cannot be trained on; the message says what to run."""


class PhotoMissingError(RuntimeError):
    """A photo of the training set cannot be read; training can be resumed once it is back."""


def resolve_snapshot(store: Store, version: str | None) -> str:
    """The version to train on.

    Raises:
        CorpusNotFoundError: there is no such snapshot.
        SnapshotError: it was written with another version of the schema.
    """
    version = version or latest_version(store)
    found = read_manifest(store, version)["schema_version"]
    if found != SCHEMA_VERSION:
        raise SnapshotError(
            f"snapshot {version} has schema version {found}, this code reads {SCHEMA_VERSION}: "
            "publish it again with `joppo build`, or train with the code that wrote it"
        )
    return version


def sft_rows(store: Store, version: str, split: str) -> list[Row]:
    """Conversations of one split, sorted by sample id."""
    return _query(store, version, _SFT, split)


def preference_rows(store: Store, version: str, split: str) -> list[Row]:
    """RL prompts of one split, sorted by photo and task."""
    return _query(store, version, _PREFERENCES, split)


def score_prompts(store: Store, version: str) -> list[str]:
    """The prompts of a snapshot's scored photos, each once."""
    with open_corpus(store, version) as corpus:
        return [prompt for (prompt,) in corpus.sql(_SCORE_PROMPTS).fetchall()]


def training_rows(run: Run) -> list[Row]:
    """The rows that a run trains on: its snapshot's train split in the mixture of its config.

    Raises:
        SnapshotError: nothing is left.
    """
    return mix(_rows(run, "train"), _weights(run))


def held_out_rows(run: Run) -> list[Row]:
    """Validation rows of the tasks and templates that a run trains on."""
    return [row for row in _rows(run, "validation") if _weights(run).get(row["task"], 0) > 0]


def _rows(run: Run, split: str) -> list[Row]:
    if not isinstance(run.config, SftConfig):
        return preference_rows(run.store, run.snapshot, split)
    rows, patterns = sft_rows(run.store, run.snapshot, split), run.config.templates
    return [row for row in rows if any(fnmatchcase(template_of(row), one) for one in patterns)]


def template_of(row: Row) -> str:
    """Id of the template that a conversation's question came from, without its version."""
    return str(row["template_id"]).partition("@")[0]


def _weights(run: Run) -> Mapping[Any, float]:
    assert isinstance(run.config, SftConfig | JoppoConfig)
    return run.config.task_weights


def _query(store: Store, version: str, sql: str, split: str) -> list[Row]:
    with open_corpus(store, version) as corpus:
        rows: list[Row] = corpus.sql(sql, params=[split]).to_arrow_table().to_pylist()
        return rows


def mix(rows: Sequence[Row], weights: Mapping[Any, float]) -> list[Row]:
    """Rows repeated by the weight of their task; a fraction keeps a share chosen by content hash.

    Raises:
        SnapshotError: nothing is left.
    """
    chosen = [row for row in rows for _ in range(_copies(row, weights.get(row["task"], 0.0)))]
    if not chosen:
        tasks = sorted({row["task"] for row in rows})
        raise SnapshotError(
            f"no training rows: of the tasks {tasks or 'none'} there are rows, task_weights are "
            f"{dict(weights)}. Build the snapshot with these tasks, give one of them a weight, or "
            "name more templates"
        )
    return chosen


def _copies(row: Row, weight: float) -> int:
    whole = math.floor(weight)
    return whole + (unit_interval("mix", row["key"]) < weight - whole)


def sft_dataset(rows: Sequence[Row], store: Store) -> Any:
    """Columns prompt, completion and images: trl then takes the loss on the completion alone."""
    plain = [
        {
            "prompt": row["messages"][:-1],
            "completion": row["messages"][-1:],
            "uris": [uri for uri in (row["uri"], row["second_uri"]) if uri],
        }
        for row in rows
    ]
    return _lazy(plain, store)


def preference_dataset(rows: Sequence[Row], store: Store) -> Any:
    """Columns prompt and images, and what rewards and samples need: task, mos, answer, choices,
    photo (its uri)."""
    kept = ("task", "mos", "answer", "choices")
    plain = [
        {
            "prompt": [{"role": "user", "content": row["prompt"]}],
            "uris": [row["uri"]],
            "photo": row["uri"],
            **{name: row[name] for name in kept},
        }
        for row in rows
    ]
    return _lazy(plain, store)


def _lazy(rows: list[Row], store: Store) -> Any:
    """A dataset that replaces `uris` by opened `images` whenever rows are taken."""
    from datasets import Dataset

    def opened(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        images = [[photo(store, uri) for uri in uris] for uris in batch.pop("uris")]
        return {**batch, "images": images}

    return Dataset.from_list(rows).with_transform(opened)


def photo(store: Store, uri: str) -> Any:
    """The opened photo.

    Raises:
        PhotoMissingError: it is gone or damaged.
    """
    try:
        return load_photo(store.read_bytes(uri))
    except (FileNotFoundError, PhotoError) as error:
        raise PhotoMissingError(
            f"{uri} in store {store.root} cannot be read ({error}). Put the photo back, or publish "
            "a snapshot without it; the run then goes on from its last checkpoint"
        ) from error
