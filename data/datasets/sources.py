"""Sources: a dataset's labels matched with the photos in a folder; one dataset or several.

Every label ends as an item or a reject, and so does every photo: a label without a file is
`missing_image`, a file without a label `unlabelled_image`. Without an image folder the labels alone
are the items. Every reject names its source.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypedDict

from pydantic import model_validator

from joppo.data.config import StageConfig
from joppo.data.datasets import Label, Reject, read
from joppo.data.datasets.cadb import Total
from joppo.data.datasets.folders import list_photos
from joppo.data.datasets.photos_csv import ColumnMapping
from joppo.data.store.hashing import content_hash

Kind = Literal[
    "aadb",
    "ava",
    "cadb",
    "mmperspective",
    "oasis",
    "para",
    "photos",
    "photos_csv",
    "picd",
    "ready",
    "tad66k",
]
# Options that a kind takes beside labels and images.
_OPTIONS: dict[str, set[str]] = {
    "ava": {"test_list"},
    "cadb": {"total"},
    "photos_csv": {"columns", "dataset"},
    "ready": {"dataset", "scale", "split"},
}
_BATCH = 512


class Item(TypedDict):
    """A label with its photo, JSON-able: what `data.ingest` takes.

    `label` is None for a photo without label; `path` and `sha256` (hex of the file bytes) are None
    for a label without photo. `source` is the place of its source among those of the build, from 0:
    of photos with the same bytes, the first source's label stands.
    """

    label: dict[str, Any] | None
    path: str | None
    sha256: str | None
    source: int


class SourceConfig(StageConfig):
    """Where a dataset's labels and photos are. Paths are relative to the folder of the config.

    `kind` is a reader of `data.readers`, or `photos`: a folder of photos without labels. `images`
    None reads the labels alone. The options below are those of the kind's reader.
    """

    kind: Kind
    labels: str | None = None
    images: str | None = None
    dataset: str | None = None
    columns: ColumnMapping | None = None
    total: Total | None = None
    scale: tuple[float, float] | None = None
    split: Literal["train", "validation", "test"] | None = None
    test_list: str | None = None

    @property
    def name(self) -> str:
        """What rejects and messages call the source."""
        return self.dataset or self.kind

    @model_validator(mode="after")
    def _fits_kind(self) -> "SourceConfig":
        needed, other = ("images", "labels") if self.kind == "photos" else ("labels", None)
        if getattr(self, needed) is None:
            raise ValueError(f"kind {self.kind} needs {needed}")
        if other is not None and getattr(self, other) is not None:
            raise ValueError(f"kind {self.kind} takes no {other}")
        taken = _OPTIONS.get(self.kind, set())
        for name in set.union(*_OPTIONS.values()) - taken:
            if getattr(self, name) is not None:
                raise ValueError(f"kind {self.kind} takes no {name}")
        return self


def list_labels(config: SourceConfig, base: str | Path = ".") -> Iterator[Label | Reject]:
    """Labels and rejects of the source, without a look at the photos.

    Raises:
        DatasetFormatError: the label file is missing or not of the kind's format.
    """
    if config.labels is None:
        return iter(())
    names = sorted(_OPTIONS.get(config.kind, set()))
    options = {name: value for name in names if (value := getattr(config, name)) is not None}
    if "test_list" in options:
        options["test_list"] = Path(base, options["test_list"])
    return read(config.kind, Path(base, config.labels), **options)


def list_sources(
    configs: Sequence[SourceConfig], base: str | Path = "."
) -> Iterator[Item | Reject]:
    """Items and rejects of all sources, one source after the other.

    Raises:
        DatasetFormatError: as `list_items` does.
    """
    for place, config in enumerate(configs):
        for found in list_items(config, base):
            if not isinstance(found, Reject):
                found["source"] = place
            yield found


def list_items(
    config: SourceConfig,
    base: str | Path = ".",
    *,
    threads: int = 8,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Item | Reject]:
    """Items and rejects of the source; photos are hashed, not decoded.

    `progress` is called with the number of photos hashed so far, every 512 of them.

    Raises:
        DatasetFormatError: labels of another format, or an image folder that holds no photo.
    """
    for found in _found(config, base, threads, progress):
        if isinstance(found, Reject):
            found = replace(found, detail=f"{config.name}: {found.detail}")
        yield found


def _found(
    config: SourceConfig,
    base: str | Path,
    threads: int,
    progress: Callable[[int], None] | None,
) -> Iterator[Item | Reject]:
    labels = list_labels(config, base)
    if config.images is None:
        for result in labels:
            yield result if isinstance(result, Reject) else _item(result, None, None)
        return
    photos: dict[str, Path] = {}
    for found in list_photos(Path(base, config.images).absolute()):
        if isinstance(found, Reject):
            yield found
        else:
            photos[found[0]] = found[1]
    matched = _match(config, labels, photos)
    yield from _hashed(matched, threads, progress)


def item_key(item: Item) -> str:
    """Hash (64 hex characters) to shard an item by: of the photo's bytes, else of the label."""
    return item["sha256"] or content_hash(item["label"])


def item_content(item: Item) -> dict[str, Any]:
    """What an item's results depend on, for cache keys: all but the place of the file."""
    return {name: item[name] for name in ("label", "sha256", "source")}


def _match(
    config: SourceConfig, labels: Iterator[Label | Reject], photos: dict[str, Path]
) -> Iterator[tuple[Label | None, Path] | Reject]:
    unlabelled = dict.fromkeys(sorted(photos))
    for result in labels:
        if isinstance(result, Reject):
            yield result
        elif (path := photos.get(result.item)) is None:
            detail = "the image folder has no photo of this name; fetch it"
            yield Reject("read", result.item, "missing_image", detail)
        else:
            unlabelled.pop(result.item, None)
            yield result, path
    for name in unlabelled:
        if config.kind == "photos":
            yield None, photos[name]
        else:
            detail = "the labels have no usable row of this photo; add one"
            yield Reject("read", name, "unlabelled_image", detail)


def _hashed(
    matched: Iterator[tuple[Label | None, Path] | Reject],
    threads: int,
    progress: Callable[[int], None] | None,
) -> Iterator[Item | Reject]:
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        while batch := list(islice(matched, _BATCH)):
            yield from pool.map(_hash_one, batch)
            done += sum(not isinstance(one, Reject) for one in batch)
            if progress is not None:
                progress(done)


def _hash_one(match: tuple[Label | None, Path] | Reject) -> Item | Reject:
    if isinstance(match, Reject):
        return match
    label, path = match
    try:
        with path.open("rb") as content:
            return _item(label, str(path), file_digest(content, "sha256").hexdigest())
    except OSError as error:
        detail = f"cannot be read ({error.strerror}); check the file and its permissions"
        return Reject("read", label.item if label else path.name, "unreadable_file", detail)


def _item(label: Label | None, path: str | None, digest: str | None) -> Item:
    values = None if label is None else label.as_dict()
    return Item(label=values, path=path, sha256=digest, source=0)
