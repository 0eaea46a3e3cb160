"""Ingestion: photo files into the store, one shard of items at a time.

The bytes of each photo are read once, compared with the hash that was listed, decoded (what cannot
be decoded is a reject) and put into the store as they are. The same bytes under two names give one
`images` row and a `labels` row for each name of one source; a photo of several sources has the
labels of the first of them, and each of the others is a `duplicate_photo` reject.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt

from joppo.data.config import StageConfig
from joppo.data.datasets.base import Label, Reject
from joppo.data.datasets.item import Item
from joppo.data.datasets.splits import SplitConfig, hash_split, strictest
from joppo.data.photos.decode import (
    EXTENSIONS,
    PhotoError,
    load_photo,
    perceptual_hash,
    photo_format,
)
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store

RECIPE_VERSION = "2"
Rows = dict[str, list[dict[str, Any]]]
_REORDER = "put another source first to prefer its labels"


class IngestConfig(StageConfig):
    """Limits and splits of ingestion."""

    max_pixels: PositiveInt = 100_000_000
    """most pixels (width x height) of a photo; a larger one is rejected"""
    max_bytes: PositiveInt = 512_000_000
    """most bytes of a photo's file; a larger one is rejected"""
    split: SplitConfig = Field(default_factory=SplitConfig)
    """the split of photos whose dataset states none"""
    origin: str = "photos"
    """the `origin` of photos that come without a label"""


@dataclass(frozen=True, slots=True)
class Copy:
    """One file of a photo, with its label and the index of its source among those of the build."""

    label: Label | None
    path: str
    source: int

    @property
    def name(self) -> str:
        """The dataset's own name of the photo, else that of the file."""
        return Path(self.path).name if self.label is None else self.label.item

    @property
    def order(self) -> tuple[bool, int, str, str]:
        """Labelled copies first, then by source, dataset and name: never by the path of a file."""
        dataset = "" if self.label is None else self.label.dataset
        return self.label is None, self.source, dataset, self.name

    def reject(self, reason: str, detail: str) -> dict[str, str]:
        """A row of `rejects`; names repeat in different datasets, so the detail names its own."""
        named = detail if self.label is None else f"{self.label.dataset}: {detail}"
        return Reject("ingest", self.name, reason, named).as_row()


def ingest_shard(items: Iterable[Item], store: Store, config: IngestConfig) -> Rows:
    """Rows of `images`, `labels` and `rejects` for a shard of items.

    A label without a photo gives a `labels` row whose image_id and split are null, unless the
    dataset states a split. Rows depend on the set of items, not on their order.

    Raises:
        StoreError: the store cannot be written.
    """
    rows: Rows = {"images": [], "labels": [], "rejects": []}
    photos: dict[str, list[Copy]] = {}
    for item in items:
        if item.path is not None and item.sha256 is not None:
            copy = Copy(item.label, item.path, item.source)
            photos.setdefault(item.sha256, []).append(copy)
        elif item.label is not None:
            rows["labels"].append(label_row(item.label, None, item.label.split))
    for digest, copies in sorted(photos.items()):
        _ingest_photo(digest, sorted(copies, key=attrgetter("order")), store, config, rows)
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
    split = _split(digest, copies, config)
    content, copies = _first_readable(digest, copies, config, rows)
    if content is None:
        return
    try:
        image = _image_row(content, store, config)
    except PhotoError as error:
        rows["rejects"] += [copy.reject(error.reason, error.detail) for copy in copies]
        return
    first = copies[0]
    origin = config.origin if first.label is None else first.label.dataset
    rows["images"].append({**image, "origin": origin, "item": first.name, "split": split})
    for copy in copies:
        if copy.source != first.source:
            detail = f"the same bytes as {first.name} of {origin}, whose label stands; {_REORDER}"
            rows["rejects"].append(copy.reject("duplicate_photo", detail))
        elif copy.label is not None:
            rows["labels"].append(label_row(copy.label, digest, split))


def _split(digest: str, copies: Sequence[Copy], config: IngestConfig) -> str:
    """The strictest split of all labels, so that no dataset's test photo is trained on.

    A dataset without split has the one of the photo's hash, as evaluation takes it.
    """
    hashed = hash_split(digest, config.split)
    own = [copy.label.split or hashed for copy in copies if copy.label is not None]
    return strictest(own) if own else hashed


def _first_readable(
    digest: str, copies: Sequence[Copy], config: IngestConfig, rows: Rows
) -> tuple[bytes | None, Sequence[Copy]]:
    """Bytes of the first copy that is as listed, and the copies from there on."""
    for index, copy in enumerate(copies):
        try:
            return _read(Path(copy.path), digest, config), copies[index:]
        except PhotoError as error:
            rows["rejects"].append(copy.reject(error.reason, error.detail))
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
