"""Ingestion: photo files into the store, one shard of items at a time.

The bytes of each photo are read once, compared with the hash that was listed, decoded (what cannot
be decoded is a reject) and put into the store as they are. The same bytes under two names give one
`images` row and a `labels` row for each name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt

from data.config import StageConfig
from data.hashing import sha256
from data.photos import EXTENSIONS, PhotoError, load_photo, perceptual_hash, photo_format
from data.readers.base import Label, Reject
from data.splits import SplitConfig, hash_split, strictest
from data.store import Store

RECIPE_VERSION = "1"
Rows = dict[str, list[dict[str, Any]]]
Copy = tuple[Label | None, str]


class IngestConfig(StageConfig):
    """Limits and splits of ingestion.

    `max_pixels` (width x height) and `max_bytes` bound one photo; `origin` names photos that come
    without label.
    """

    max_pixels: PositiveInt = 100_000_000
    max_bytes: PositiveInt = 512_000_000
    split: SplitConfig = Field(default_factory=SplitConfig)
    origin: str = "photos"


def ingest_shard(items: Sequence[Mapping[str, Any]], store: Store, config: IngestConfig) -> Rows:
    """Rows of `images`, `labels` and `rejects` for items of the form `data.sources.Item`.

    A label without a photo gives a `labels` row whose image_id and split are null, unless the
    dataset states a split. Rows depend on the set of items, not on their order.

    Raises:
        StoreError: the store cannot be written.
    """
    rows: Rows = {"images": [], "labels": [], "rejects": []}
    photos: dict[str, list[Copy]] = {}
    for item in items:
        label = None if item["label"] is None else Label.from_dict(item["label"])
        if item["path"] is not None:
            photos.setdefault(item["sha256"], []).append((label, item["path"]))
        elif label is not None:
            rows["labels"].append(label_row(label, None, label.split))
    for digest, copies in sorted(photos.items()):
        _ingest_photo(digest, sorted(copies, key=_order), store, config, rows)
    rows["labels"].sort(key=lambda row: (row["dataset"], row["item"]))
    return rows


def label_row(label: Label, image_id: str | None, split: str | None) -> dict[str, Any]:
    """The row of the `labels` table."""
    axes = {"element": label.element, "arrangement": label.arrangement}
    return {"image_id": image_id} | label.as_dict() | axes | {"split": split}


def _ingest_photo(
    digest: str,
    copies: Sequence[Copy],
    store: Store,
    config: IngestConfig,
    rows: Rows,
) -> None:
    """One photo, its copies in stable order; the first readable copy names it."""
    content, copies = _first_readable(digest, copies, config, rows)
    if content is None:
        return
    try:
        image = _image_row(content, store, config)
    except PhotoError as error:
        rows["rejects"] += [_reject(copy, error) for copy in copies]
        return
    own = [label.split for label, _ in copies if label is not None and label.split is not None]
    split = strictest(own) if own else hash_split(digest, config.split)
    label, path = copies[0]
    origin = config.origin if label is None else label.dataset
    rows["images"].append({**image, "origin": origin, "item": _name(label, path), "split": split})
    rows["labels"] += [label_row(one, digest, split) for one, _ in copies if one is not None]


def _first_readable(
    digest: str, copies: Sequence[Copy], config: IngestConfig, rows: Rows
) -> tuple[bytes | None, Sequence[Copy]]:
    """Bytes of the first copy that is as listed, and the copies from there on."""
    for index, copy in enumerate(copies):
        try:
            return _read(Path(copy[1]), digest, config), copies[index:]
        except PhotoError as error:
            rows["rejects"].append(_reject(copy, error))
    return None, ()


def _read(path: Path, digest: str, config: IngestConfig) -> bytes:
    try:
        size = path.stat().st_size
        if size > config.max_bytes:
            detail = f"the file has {size:,} bytes, more than {config.max_bytes:,}; raise max_bytes"
            raise PhotoError("file_too_large", detail)
        content = path.read_bytes()
    except FileNotFoundError as error:
        detail = "the file was there when the photos were listed and is not; run again"
        raise PhotoError("missing_image", detail) from error
    except OSError as error:
        detail = f"cannot be read ({error.strerror}); check the file and its permissions"
        raise PhotoError("unreadable_file", detail) from error
    if sha256(content) != digest:
        detail = "the file has changed since the photos were listed; run again"
        raise PhotoError("changed_file", detail)
    return content


def _image_row(content: bytes, store: Store, config: IngestConfig) -> dict[str, Any]:
    photo = load_photo(content, max_pixels=config.max_pixels)
    # The extension comes from the bytes, so that a wrong name cannot make two files of one photo.
    extension = EXTENSIONS[str(photo_format(content))]
    image_id, uri = store.put_image(content, extension)
    return {
        "image_id": image_id,
        "uri": uri,
        "width": photo.width,
        "height": photo.height,
        "phash": perceptual_hash(photo),
        "parent_image_id": None,
    }


def _reject(copy: Copy, error: PhotoError) -> dict[str, str]:
    return Reject("ingest", _name(*copy), error.reason, error.detail).as_row()


def _order(copy: Copy) -> tuple[bool, str, str]:
    """Labelled copies first, then by dataset and name: never by the place of the file alone."""
    label, path = copy
    dataset = "" if label is None else label.dataset
    return label is None, dataset, _name(label, path)


def _name(label: Label | None, path: str) -> str:
    return Path(path).name if label is None else label.item
