"""Whether the photos of a dataset are there and can be read, before a run depends on them.

A photo is usable where ingestion with its default limits would take it: listed in the folder as a
build lists it, and decoded whole, so that a file which breaks off half-way is found.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from statistics import median_low

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import read_photo
from joppo.data.datasets.folders import list_photos
from joppo.data.datasets.ingest import IngestConfig
from joppo.data.photos.decode import PhotoError, load_photo

FIRST_NAMES = 5
"""names of a finding that are kept"""
NO_CHECKSUMS = frozenset(
    {"aadb", "ava", "cadb", "mmperspective", "oasis", "para", "picd", "tad66k"}
)
"""readers whose datasets publish no checksums of their photos, as far as is known"""
_BATCH = 64


class NoUsablePhotoError(ValueError):
    """No label has a photo that can be used; the message says what to do."""


@dataclass(slots=True)
class Finding:
    """How many names something holds for, and the first few of them."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Count a name, and keep it if it is among the first `FIRST_NAMES`."""
        self.count += 1
        if len(self.first) < FIRST_NAMES:
            self.first.append(name)


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, median (an occurring value) and greatest of some whole numbers."""

    low: int
    median: int
    high: int

    @classmethod
    def of(cls, values: list[int]) -> "Spread":
        """The spread of one or more values."""
        return cls(min(values), median_low(values), max(values))


@dataclass(slots=True)
class ImageCheck:
    """What the image folder of a dataset holds, seen from its labels."""

    labels: int = 0
    """different photos that the labels name"""
    usable: int = 0
    """labels whose photo was read and decoded"""
    missing: Finding = field(default_factory=Finding)
    """labels without photo, in their order"""
    broken: dict[str, Finding] = field(default_factory=dict)
    """reason (of `PhotoError`) -> photos of labels that cannot be used, in the labels' order"""
    unlabelled: Finding = field(default_factory=Finding)
    """photos without label, sorted"""
    refused: dict[str, Finding] = field(default_factory=dict)
    """reason (of `list_photos`) -> entries of the folder that are no photos, as dead links"""
    sizes: dict[str, Spread] = field(default_factory=dict)
    """width and height in pixels (upright), pixels, and bytes of the file, of the usable photos"""
    moved_to: Path | None = None
    """folder that should have been named, where photos of missing labels lie a level off"""

    def require_usable(self, folder: Path) -> None:
        """Check that at least one label has a usable photo.

        Raises:
            NoUsablePhotoError: none has.
        """
        if not self.usable:
            problem = f"none of {self.labels:,} labels has a usable photo"
            raise NoUsablePhotoError(f"{folder}: {problem}. {self._remedy()}")

    def _remedy(self) -> str:
        if not self.labels:
            return "Look at the label file: no row of it could be used"
        if self.moved_to is not None:
            return f"The photos lie a level off: name {self.moved_to}"
        if self.missing.count == self.labels:
            return "Put the dataset's photos there, under the names that the labels give them"
        return "Copy the broken photos again from their source"


def check_images(
    items: Iterable[str],
    folder: Path,
    limits: IngestConfig | None = None,
    *,
    threads: int = 8,
    listed: Callable[[int], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImageCheck:
    """Read and decode every photo that a label names; photos without label are counted alone.

    Args:
        items: the labels' names of their photos, relative to the folder; a repeat counts once.
        limits: most bytes and pixels of a photo; None takes those of ingestion.
        threads: photos decoded at a time.
        listed: called once with the number of photos to decode.
        progress: called with the number of photos decoded since the call before.

    Raises:
        DatasetFormatError: there is no such folder, or no photo in it.
    """
    check, photos = ImageCheck(), dict[str, Path]()
    for found in list_photos(folder):
        if isinstance(found, Reject):
            check.refused.setdefault(found.reason, Finding()).add(found.item)
        else:
            photos[found[0]] = found[1]
    names = dict.fromkeys(items)
    check.labels = len(names)
    for name in names:
        if name not in photos:
            check.missing.add(name)
    for name in sorted(photos.keys() - names.keys()):
        check.unlabelled.add(name)
    check.moved_to = _moved_to(check.missing.first, photos, folder)
    labelled = [(name, photos[name]) for name in names if name in photos]
    if listed is not None:
        listed(len(labelled))
    _decode_all(labelled, check, limits or IngestConfig(), threads, progress)
    return check


def _decode_all(
    photos: list[tuple[str, Path]],
    check: ImageCheck,
    limits: IngestConfig,
    threads: int,
    progress: Callable[[int], None] | None,
) -> None:
    sizes: dict[str, list[int]] = {"width": [], "height": [], "pixels": [], "bytes": []}
    for name, result in _measured(photos, limits, threads, progress):
        if isinstance(result, PhotoError):
            check.broken.setdefault(result.reason, Finding()).add(name)
            continue
        check.usable += 1
        width, height, length = result
        for key, value in zip(sizes, (width, height, width * height, length), strict=True):
            sizes[key].append(value)
    if check.usable:
        check.sizes = {key: Spread.of(values) for key, values in sizes.items()}


def _measured(
    photos: list[tuple[str, Path]],
    limits: IngestConfig,
    threads: int,
    progress: Callable[[int], None] | None,
) -> Iterator[tuple[str, tuple[int, int, int] | PhotoError]]:
    """Names with what `_measure` found, in order; small batches, so that Ctrl-C ends it soon."""
    rest = iter(photos)
    with ThreadPoolExecutor(threads) as pool:
        while batch := list(islice(rest, _BATCH)):
            results = pool.map(lambda photo: _measure(photo[1], limits), batch)
            yield from zip((name for name, _ in batch), results, strict=True)
            if progress is not None:
                progress(len(batch))


def _measure(path: Path, limits: IngestConfig) -> tuple[int, int, int] | PhotoError:
    """Width and height in pixels and bytes of a photo; or why it cannot be used."""
    try:
        content = read_photo(path, limits.max_bytes)
        photo = load_photo(content, max_pixels=limits.max_pixels)
    except PhotoError as error:
        return error
    return photo.width, photo.height, len(content)


def _moved_to(missing: list[str], photos: Mapping[str, Path], folder: Path) -> Path | None:
    """The folder that holds missing photos under their names, or None where that is not known.

    Labels `a.jpg` with photos `images/a.jpg` give the folder's `images`; labels `images/a.jpg` with
    photos `a.jpg` in a folder called `images` give its parent.
    """
    wanted = {PurePosixPath(name).parts for name in missing}
    own = folder.resolve().parts
    for parts in wanted:
        for depth in range(1, len(parts)):
            if own[-depth:] == parts[:depth] and "/".join(parts[depth:]) in photos:
                return folder.resolve().parents[depth - 1]
    for photo in photos:
        parts = PurePosixPath(photo).parts
        for depth in range(1, len(parts)):
            if parts[depth:] in wanted:
                return folder.joinpath(*parts[:depth])
    return None
