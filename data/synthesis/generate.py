"""Images from control maps and prompts, through diffusers' StableDiffusionControlNetPipeline.

Each image has its own generator, so it depends on its own seed and never on its batch. Each
finished image is stored at once with a record of its attempt, in threads, while the next batch is
made; a shard that is started again makes only what has no record. Out of memory halves the batch
and goes on.
"""

import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from typing import Any

import numpy as np
from PIL import Image

from joppo.data.photos.decode import perceptual_hash
from joppo.data.store.hashing import canonical_json
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt, Synthesized
from joppo.data.synthesis.config import SynthesisConfig, model_name
from joppo.data.synthesis.control_maps import encode_png, read_map
from joppo.data.synthesis.diffusion import ImagePipeline, load_pipeline

log = logging.getLogger(__name__)
# A GPU makes an image of 512 x 512 in about the time in which two cores pack one into a PNG file.
# One core is left to the thread that feeds the GPU.
STORING_THREADS = max(1, min(16, (os.cpu_count() or 1) - 1))
Maps = Mapping[str, np.ndarray]
Rows = dict[str, list[dict[str, Any]]]


def record_uri(attempt_id: str) -> str:
    """URI of an attempt's record; it exists only once the image is stored."""
    return f"attempts/{attempt_id[:2]}/{attempt_id}.json"


def synthesize_shard(
    attempts: Sequence[Attempt],
    store: Store,
    config: SynthesisConfig,
    pipeline: ImagePipeline | None = None,
) -> Rows:
    """Make the images of one shard.

    Args:
        attempts: of `data.synthesis.long_tail_plan.make_plan`; their control maps are in the store.
        pipeline: a loaded pipeline; by default the config's, loaded once per process and only if
            something is left to make.

    Returns:
        `syntheses` (without the gate's verdict) and `images` (origin "synthetic") in the order of
        attempts, `rejects` (stage "synthesis") for attempts whose control map is missing, and
        `warnings`, which is no table: {"stage", "item", "reason", "detail"} for a halved batch.

    Raises:
        ValueError: an attempt's parent belongs to the test split.
        PipelineFilesError: the model cannot be used.
    """
    for attempt in attempts:
        if attempt.parent.get("split") == "test":
            raise ValueError(
                f"attempt {attempt.attempt_id}: its parent {attempt.parent_id} is "
                "in the test split; synthetic images are made from train and validation only"
            )
    rows: Rows = {"syntheses": [], "images": [], "rejects": [], "warnings": []}
    missing = [attempt for attempt in attempts if read_result(attempt, store) is None]
    ready: list[tuple[Attempt, Maps]] = []
    for attempt in missing:
        try:
            ready.append((attempt, _maps(attempt, store)))
        except FileNotFoundError as error:
            rows["rejects"].append(_no_control(attempt, error))
    if ready:
        rows["warnings"] = _make(ready, store, config, pipeline or load_pipeline(config))
    for attempt in attempts:
        result = read_result(attempt, store)
        if result is not None:
            rows["syntheses"].append(dict(result.synthesis))
            rows["images"].append(dict(result.image))
    return rows


def read_result(attempt: Attempt, store: Store) -> Synthesized | None:
    """What came of a finished attempt, or None where the image has to be made (again)."""
    uri = record_uri(attempt.attempt_id)
    if not store.exists(uri):
        return None
    record = json.loads(store.read_bytes(uri))
    result = Synthesized(attempt, record["synthesis"], record["image"])
    return result if store.exists(result.image["uri"]) else None


def batches(
    items: Sequence[tuple[Attempt, Maps]], size: int
) -> Iterable[list[tuple[Attempt, Maps]]]:
    """Attempts of one control and one picture size, at most `size` at once."""

    def kind(item: tuple[Attempt, Maps]) -> tuple[str, tuple[int, ...]]:
        attempt, maps = item
        return attempt.control, next(iter(maps.values())).shape

    order = sorted(items, key=lambda item: (kind(item), item[0].attempt_id))
    for _, group in groupby(order, key=kind):
        members = list(group)
        for start in range(0, len(members), size):
            yield members[start : start + size]


def _maps(attempt: Attempt, store: Store) -> Maps:
    return {kind: read_map(store, uri) for kind, uri in sorted(attempt.control_uris.items())}


def _no_control(attempt: Attempt, error: Exception) -> dict[str, Any]:
    detail = f"no control map ({error}); see the rejects of stage control"
    reject = {"stage": "synthesis", "item": attempt.attempt_id}
    return reject | {"reason": "missing_control", "detail": detail}


def _make(
    ready: Sequence[tuple[Attempt, Maps]],
    store: Store,
    config: SynthesisConfig,
    pipeline: ImagePipeline,
) -> list[dict[str, Any]]:
    """Make and store the images; returns warnings."""
    warnings: list[dict[str, Any]] = []
    size = config.batch_size or pipeline.default_batch_size()
    storing: list[Future[None]] = []
    with ThreadPoolExecutor(STORING_THREADS) as threads:
        for batch in batches(ready, size):
            done = 0
            while done < len(batch):
                part = batch[done : done + size]
                images = pipeline.generate([a for a, _ in part], [maps for _, maps in part])
                if images is None:
                    size = _halved(len(part), part[0][0], warnings)
                    continue
                _wait(storing)
                storing = [
                    threads.submit(_store, attempt, image, store, config)
                    for (attempt, _), image in zip(part, images, strict=True)
                ]
                done += len(part)
        _wait(storing)
    return warnings


def _wait(storing: Sequence[Future[None]]) -> None:
    """Until the images are stored; what a thread raised is raised here."""
    for future in storing:
        future.result()


def _halved(size: int, attempt: Attempt, warnings: list[dict[str, Any]]) -> int:
    """The next smaller batch size, with a warning.

    Raises:
        MemoryError: not even one image fits.
    """
    if size == 1:
        raise MemoryError(
            "one image does not fit in the device's memory; choose a smaller control size or "
            "dtype float16"
        )
    size //= 2
    detail = f"out of memory: went on with batches of {size} images"
    log.warning("%s (%s)", detail, attempt.attempt_id)
    warning = {"stage": "synthesis", "item": attempt.attempt_id, "reason": "batch_halved"}
    warnings.append(warning | {"detail": detail})
    return size


def _store(attempt: Attempt, image: np.ndarray, store: Store, config: SynthesisConfig) -> None:
    """Image first, record last: a record promises that its image is there."""
    content = encode_png(image)
    image_id, uri = store.put_image(content, "png")
    synthesis = {
        "attempt_id": attempt.attempt_id,
        "image_id": image_id,
        "uri": uri,
        "parent_image_id": attempt.parent_id,
        "category": attempt.category,
        "control": attempt.control,
        "prompt": attempt.prompt,
        "model": model_name(config),
        "seed": attempt.seed,
        "steps": config.steps,
    }
    row = {
        "image_id": image_id,
        "origin": "synthetic",
        "item": f"{attempt.attempt_id}.png",
        "uri": uri,
        "width": image.shape[1],
        "height": image.shape[0],
        "phash": perceptual_hash(Image.fromarray(image)),
        "parent_image_id": attempt.parent_id,
        "split": attempt.parent.get("split"),
    }
    record = canonical_json({"synthesis": synthesis, "image": row})
    store.write_bytes(record_uri(attempt.attempt_id), record.encode())
