"""Sources: a dataset's labels matched with the photos in a folder; one dataset or several.

Every label ends as an item or a reject, and so does every photo: a label without a file is
`missing_image`, a file without a label `unlabelled_image`. Without an image folder the labels alone
are the items. Every reject names its source.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from joppo.data.config import PLACE, StageConfig
from joppo.data.datasets import READERS, Label, Reject, read
from joppo.data.datasets.cadb import Total
from joppo.data.datasets.folders import list_photos
from joppo.data.datasets.item import Item
from joppo.data.datasets.photos_csv import ColumnMapping
from joppo.data.datasets.splits import validation_ids

PHOTOS = "photos"
"""The one kind without a reader: a folder of photos without labels."""
# Config fields that a built-in reader takes as options, beside labels and images.
_OPTIONS: dict[str, set[str]] = {
    "ava": {"test_list"},
    "cadb": {"total"},
    "photos_csv": {"columns", "dataset"},
    "ready": {"dataset", "scale", "split"},
}
# A reader of the user's own takes all its options under `options`; `dataset` names the source.
_OWN_READER = {"dataset", "options"}
_BATCH = 512
Match = tuple[Label | None, Path]
"""a photo's file with its label; None for a photo of a folder without labels"""


class SourceConfig(StageConfig):
    """Where a dataset's labels and photos are. Paths are relative to the folder of the config."""

    kind: str
    """a built-in reader (aadb, ava, cadb, mmperspective, oasis, para, photos_csv, picd, ready,
    tad66k), `package.module:name` of another one (see `data.datasets.base.Reader`), or `photos`: a
    folder of photos without labels"""
    labels: Annotated[str | None, PLACE] = None
    """label file or folder of the dataset"""
    images: Annotated[str | None, PLACE] = None
    """folder of the photos; None reads the labels alone"""
    dataset: str | None = None
    """name of the dataset, for photos_csv and ready; of a reader of your own, what messages call
    the source"""
    columns: ColumnMapping | None = None
    """which column holds what; for photos_csv"""
    total: Total | None = None
    """which number is the total; for cadb"""
    scale: tuple[float, float] | None = None
    """low and high end of the scores; for ready"""
    split: Literal["train", "validation", "test"] | None = None
    """split of all photos; for ready"""
    validation_share: float = Field(default=0.05, ge=0, le=1)
    """share of the train photos that become validation photos, by their content, where the
    dataset's own split has train and no validation (at least eight, or a quarter of a small
    dataset); 0 for none"""
    test_list: Annotated[str | None, PLACE] = None
    """file with the ids of the official test photos; for ava"""
    # Left out of the dump where empty, so that configs without it keep their hash.
    options: dict[str, JsonValue] = Field(default_factory=dict, exclude_if=lambda value: not value)
    """keyword arguments of a reader of your own"""

    @property
    def name(self) -> str:
        """What rejects and messages call the source."""
        return self.dataset or self.kind

    @property
    def reader_options(self) -> dict[str, Any]:
        """The reader's keyword arguments that the config gives."""
        given = {name: getattr(self, name) for name in sorted(_OPTIONS.get(self.kind, ()))}
        return {name: value for name, value in given.items() if value is not None} | self.options

    @field_validator("kind")
    @classmethod
    def _exists(cls, value: str) -> str:
        return value if value == PHOTOS else READERS.check(value)

    @model_validator(mode="after")
    def _fits_kind(self) -> "SourceConfig":
        needed, other = ("images", "labels") if self.kind == PHOTOS else ("labels", None)
        if getattr(self, needed) is None:
            raise ValueError(f"kind {self.kind} needs {needed}")
        if other is not None and getattr(self, other) is not None:
            raise ValueError(f"kind {self.kind} takes no {other}")
        every = set.union(_OWN_READER, *_OPTIONS.values())
        for name in sorted(every - _taken(self.kind)):
            if getattr(self, name) not in (None, {}):
                raise ValueError(f"kind {self.kind} takes no {name}")
        return self


def _taken(kind: str) -> set[str]:
    """Config fields that a kind takes beside labels and images."""
    return _OWN_READER if kind not in (PHOTOS, *READERS.names) else _OPTIONS.get(kind, set())


def list_labels(config: SourceConfig, base: str | Path = ".") -> Iterator[Label | Reject]:
    """Labels and rejects of the source; the photos are not looked at.

    Raises:
        DatasetFormatError: the label file is missing or not of the kind's format.
    """
    if config.labels is None:
        return iter(())
    options = config.reader_options
    if config.test_list is not None:
        options["test_list"] = Path(base, config.test_list)
    return read(config.kind, Path(base, config.labels), **options)


def list_sources(
    configs: Sequence[SourceConfig], base: str | Path = "."
) -> Iterator[Item | Reject]:
    """Items and rejects of all sources, one source after the other.

    Raises:
        DatasetFormatError: as `list_items` does.
    """
    for index, config in enumerate(configs):
        for found in list_items(config, base):
            yield found if isinstance(found, Reject) else replace(found, source=index)


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
    labels = list(list_labels(config, base))
    if config.images is None:
        for result in labels:
            yield (
                named(result, config) if isinstance(result, Reject) else Item(result, None, None)
            )
        return
    items = hashed(match_photos(config, labels, base), threads=threads, progress=progress)
    for found in with_validation(items, validation_share(config, labels)):
        yield named(found, config) if isinstance(found, Reject) else found


def named(reject: Reject, config: SourceConfig) -> Reject:
    """The reject with the name of its source in its detail."""
    return replace(reject, detail=f"{config.name}: {reject.detail}")


def match_photos(
    config: SourceConfig, labels: Iterable[Label | Reject], base: str | Path = "."
) -> Iterator[Match | Reject]:
    """Photos of a source with their labels, not read yet, and what has only one of the two.

    Raises:
        DatasetFormatError: an image folder that holds no photo.
    """
    assert config.images is not None
    photos: dict[str, Path] = {}
    for photo in list_photos(Path(base, config.images).absolute()):
        if isinstance(photo, Reject):
            yield photo
        else:
            photos[photo[0]] = photo[1]
    yield from _match(config, labels, photos)


def validation_share(config: SourceConfig, labels: Iterable[Label | Reject]) -> float:
    """Share of the train photos to become validation: 0 where the dataset has a validation part."""
    splits = {label.split for label in labels if isinstance(label, Label)}
    return 0.0 if "validation" in splits else config.validation_share


def with_validation(found: Iterable[Item | Reject], share: float) -> list[Item | Reject]:
    """The same, with a share of the train photos as validation photos; see `validation_ids`."""
    found = list(found)
    train = [_train_id(one) for one in found if isinstance(one, Item)]
    ids = validation_ids(filter(None, train), share)
    return [
        _in_validation(one) if isinstance(one, Item) and _train_id(one) in ids else one
        for one in found
    ]


def _train_id(item: Item) -> str | None:
    return item.sha256 if item.label is not None and item.label.split == "train" else None


def _in_validation(item: Item) -> Item:
    assert item.label is not None  # it is a train photo
    return replace(item, label=replace(item.label, split="validation"))


def _match(
    config: SourceConfig, labels: Iterable[Label | Reject], photos: dict[str, Path]
) -> Iterator[Match | Reject]:
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


def hashed(
    matched: Iterable[Match | Reject],
    *,
    threads: int = 8,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Item | Reject]:
    """Items of photos, which are read for the hash of their bytes; see `list_items`."""
    done, matched = 0, iter(matched)
    with ThreadPoolExecutor(threads) as pool:
        while batch := list(islice(matched, _BATCH)):
            yield from pool.map(_hash_one, batch)
            done += sum(not isinstance(one, Reject) for one in batch)
            if progress is not None:
                progress(done)


def _hash_one(match: Match | Reject) -> Item | Reject:
    if isinstance(match, Reject):
        return match
    label, path = match
    try:
        with path.open("rb") as content:
            return Item(label, str(path), file_digest(content, "sha256").hexdigest())
    except OSError as error:
        detail = f"cannot be read ({error.strerror}); check the file and its permissions"
        return Reject("read", label.item if label else path.name, "unreadable_file", detail)
