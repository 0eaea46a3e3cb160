"""A dataset's labels and photos as an evaluation set, without a corpus.

Photos are hashed, not decoded: a broken one shows when a judge opens it, and is then a reject. A
label without a file is a reject here; a photo without a label is none of this set's business.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import file_digest
from pathlib import Path

from joppo.data.datasets.base import DatasetFormatError, Label, Reject
from joppo.data.datasets.folders import list_photos
from joppo.data.datasets.ingest import label_row
from joppo.data.datasets.mmperspective import Question, read_mmperspective
from joppo.data.datasets.sources import SourceConfig, list_labels, validation_share
from joppo.data.datasets.splits import hash_split, validation_ids
from joppo.data.store.hashing import unit_interval
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.evaluation.config import SetConfig
from joppo.training.evaluation.items import EvaluationSet, Item, distinct
from joppo.training.evaluation.make_items import make_items, multiple_choice

_THREADS = 8
Photos = dict[str, Path]


def source_set(
    config: SetConfig, base: Path, rubric: Rubric, may_be_empty: bool = False
) -> EvaluationSet:
    """Questions and truths of a dataset.

    Args:
        base: the folder that the source's paths are relative to.

    Raises:
        DatasetFormatError: labels of another form, no photo, or nothing to ask where the set may
            not be empty.
    """
    source = config.source
    assert source is not None and source.images is not None
    photos = dict(
        found
        for found in list_photos(Path(base, source.images).absolute())
        if not isinstance(found, Reject)
    )
    if source.kind == "mmperspective":
        found = _questions(config, source, base, photos)
    else:
        found = _labels(config, source, base, photos, rubric)
    items, rejects = found
    if not items and not may_be_empty:
        problem = f"gives nothing to ask in split {config.split} ({len(rejects)} rejects)"
        remedy = "Look at `joppo labels`, or choose split `all`"
        raise DatasetFormatError(Path(base, str(source.labels)), problem, remedy)
    kept, twice = distinct(items)
    return EvaluationSet(config.name, _dataset(source, base), kept, [*rejects, *twice])


def _dataset(source: SourceConfig, base: Path) -> str:
    """What the labels say they are of; a list of ready scores has it in its file's name."""
    if source.dataset or source.kind != "ready":
        return source.dataset or source.kind
    labels = (one for one in list_labels(source, base) if isinstance(one, Label))
    return next((label.dataset for label in labels), source.kind)


def _labels(
    config: SetConfig, source: SourceConfig, base: Path, photos: Photos, rubric: Rubric
) -> tuple[list[Item], list[Reject]]:
    every = list(list_labels(source, base))
    share = validation_share(source, every)
    rejects = [one for one in every if isinstance(one, Reject)]
    # Validation photos may have to be drawn from those of train.
    wanted = {None, config.split} | ({"train"} if config.split == "validation" and share else set())
    read = [
        one
        for one in every
        if isinstance(one, Label) and (config.split == "all" or one.split in wanted)
    ]
    # Files are hashed only now: a test split may be a tenth of the labels.
    found = _hashed([label.item for label in read], photos, rejects)
    train = (label.item for label in read if label.split == "train")
    drawn = validation_ids((found[item] for item in train if item in found), share)
    chosen = []
    for label in read:
        if (image_id := found.get(label.item)) is None:
            continue
        split = "validation" if image_id in drawn else label.split
        split = split or hash_split(image_id, config.splits)
        if config.split in ("all", split):
            chosen.append((label, image_id, split))
    chosen.sort(key=lambda one: (unit_interval("evaluate", one[1]), one[0].item))
    items = [
        item
        for label, image_id, split in chosen[: config.limit]
        for item in make_items(
            {"image_id": image_id, "item": label.item, "split": split},
            label_row(label, image_id, split),
            photos[label.item].read_bytes,
            rubric,
            config,
        )
    ]
    return items, rejects


def _questions(
    config: SetConfig, source: SourceConfig, base: Path, photos: Photos
) -> tuple[list[Item], list[Reject]]:
    read: list[Question] = []
    rejects: list[Reject] = []
    for result in read_mmperspective(Path(base, str(source.labels))):
        (rejects if isinstance(result, Reject) else read).append(result)  # type: ignore[arg-type]
    names = sorted({question.image for question in read})
    names.sort(key=lambda name: unit_interval("evaluate", name))
    found = _hashed(names[: config.limit], photos, rejects)
    items = [
        multiple_choice(found[question.image], question, photos[question.image].read_bytes)
        for question in read
        if question.image in found
    ]
    return items, rejects


def _hashed(names: Sequence[str], photos: Photos, rejects: list[Reject]) -> dict[str, str]:
    """name -> sha256 of the photo's bytes; what is missing or unreadable goes to `rejects`."""
    there, found = [], {}
    for name in dict.fromkeys(names):
        if name in photos:
            there.append(name)
        else:
            detail = "the image folder has no photo of this name; fetch it"
            rejects.append(Reject("evaluate", name, "missing_image", detail))
    with ThreadPoolExecutor(_THREADS) as pool:
        for name, result in zip(there, pool.map(partial(_hash, photos), there), strict=True):
            if isinstance(result, Reject):
                rejects.append(result)
            else:
                found[name] = result
    return found


def _hash(photos: Photos, name: str) -> str | Reject:
    try:
        with photos[name].open("rb") as content:
            return file_digest(content, "sha256").hexdigest()
    except OSError as error:
        detail = f"cannot be read ({error.strerror}); check the file and its permissions"
        return Reject("evaluate", name, "unreadable_file", detail)
