"""The stages of the corpus but for reasoning: ingestion, synthesis, publishing."""

from collections.abc import Iterable

from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.counts import Counts
from joppo.training.capacity.stage_row import (
    GB,
    HOUR_S,
    StageRow,
    hours_on_cpus,
    hours_on_gpus,
)


def data_stages(counts: Counts, config: CapacityConfig) -> Iterable[StageRow]:
    """Ingestion, and synthesis where the recipe has it."""
    yield _ingest(counts, config)
    if counts.attempts:
        yield _maps(counts, config)
        yield _synthesis(counts, config)
        yield _gate(counts, config)


def publish_stage(counts: Counts, config: CapacityConfig) -> StageRow:
    """Near-duplicates of texts, and the snapshot."""
    cpus, disk = config.cpus, config.disk
    seconds = counts.texts * (cpus.publish_s.value + cpus.deduplicate_s.value)
    size = disk.shard_text.value + disk.snapshot_text.value
    return StageRow(
        "publish",
        "deduplicate, publish",
        counts.texts,
        "texts",
        disk_gb=counts.texts * size / GB,
        hours=seconds / HOUR_S,
        basis=("cpus.deduplicate_s", "cpus.publish_s", "disk.shard_text", "disk.snapshot_text"),
    )


def _ingest(counts: Counts, config: CapacityConfig) -> StageRow:
    return StageRow(
        "ingest",
        "ingest",
        counts.read,
        "photos",
        disk_gb=counts.read * config.disk.photo.value / GB,
        hours=hours_on_cpus(counts.read * config.cpus.ingest_s.value, config),
        basis=("cpus.ingest_s", "disk.photo"),
    )


def _maps(counts: Counts, config: CapacityConfig) -> StageRow:
    maps = counts.canny_maps + counts.depth_maps
    cpus, pool = config.cpus, config.gpus.pool
    gpu_s = counts.depth_maps * config.gpus.depth_map_s.value
    cpu_s = counts.canny_maps * cpus.canny_s.value + counts.read * cpus.plan_s.value
    return StageRow(
        "maps",
        "control maps",
        maps,
        "maps",
        gpu_hours=gpu_s / HOUR_S,
        gpus=pool if gpu_s else 0,
        disk_gb=maps * config.disk.control_map.value / GB,
        hours=hours_on_cpus(cpu_s, config) + hours_on_gpus(gpu_s, pool, config),
        basis=("cpus.canny_s", "cpus.plan_s", "gpus.depth_map_s", "disk.control_map"),
    )


def _synthesis(counts: Counts, config: CapacityConfig) -> StageRow:
    gpu_s, pool = counts.attempts * config.gpus.image_s.value, config.gpus.pool
    return StageRow(
        "synthesis",
        "synthesis",
        counts.attempts,
        "images",
        gpu_hours=gpu_s / HOUR_S,
        gpus=pool,
        disk_gb=counts.attempts * config.disk.synthetic_photo.value / GB,
        hours=hours_on_gpus(gpu_s, pool, config),
        basis=("gpus.image_s", "disk.synthetic_photo"),
    )


def _gate(counts: Counts, config: CapacityConfig) -> StageRow:
    return StageRow(
        "gate",
        "gate",
        counts.attempts,
        "images",
        hours=hours_on_cpus(counts.attempts * config.cpus.gate_s.value, config),
        basis=("cpus.gate_s",),
    )
