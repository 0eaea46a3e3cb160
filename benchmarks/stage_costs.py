"""Processor time, memory and bytes per item of the stages that need no GPU, for capacity plans.

    python -m benchmarks.stage_costs [--photos 24] [--scenes 960]

Seconds are processor time of one thread (`time.process_time`), so that other work on the machine
counts as little as possible; of rounds the best. Photos are rendered scenes saved as JPEG, 1,024 x
768; maps and synthetic images have the paper profile's short side of 512. Tables are measured on a
corpus of small scenes, whose texts are as long as those of large ones. Memory is what Python
allocates at most (tracemalloc). Writes benchmarks/results/stage_costs.md.
"""

import argparse
import io
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from joppo.data.corpus.publish import publish
from joppo.data.datasets import Label
from joppo.data.datasets.ingest import IngestConfig, ingest_shard
from joppo.data.datasets.item import Item
from joppo.data.datasets.labelled import labelled_photos
from joppo.data.reasoning.checks import repeated_reasonings
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.plan_cost import measure_prompts
from joppo.data.reasoning.reason import reason_shard, shard_requests
from joppo.data.scenes.scene import render_scene
from joppo.data.scenes.scene_source import SceneSourceConfig, render_shard, scene_items
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Synthesized
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.control_shard import control_shard
from joppo.data.synthesis.gate import GateConfig, gate_shard
from joppo.data.synthesis.generate import synthesize_shard
from joppo.data.synthesis.long_tail_plan import make_plan
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.data.taxonomy.categories import CATEGORIES

RESULTS = Path(__file__).with_name("results") / "stage_costs.md"
CONTROL = ControlConfig(size=512)
REASONING = ReasoningConfig()
ROUNDS = 3
Row = tuple[str, str, float]


def seconds(work: Callable[[int], Any]) -> float:
    """Least processor seconds of `work(round)`."""
    taken = []
    for number in range(ROUNDS):
        start = time.process_time()
        work(number)
        taken.append(time.process_time() - start)
    return min(taken)


def memory(work: Callable[[], Any]) -> int:
    """Most bytes that Python held at a time during `work`."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def jpegs(folder: Path, count: int) -> list[Item]:
    """Items of `data.datasets.ingest` for so many photographs."""
    from PIL import Image

    items = []
    for index in range(count):
        category = index % len(CATEGORIES) + 1
        pixels = render_scene(category, 500 + index, 1024).image
        out = io.BytesIO()
        Image.fromarray(pixels).resize((1024, 768)).save(out, "JPEG", quality=92)
        path = folder / f"{index}.jpg"
        path.write_bytes(out.getvalue())
        label = Label(path.name, "bench", (category,), split="train")
        items.append(Item(label, str(path), sha256(out.getvalue())))
    return items


class Painted:
    """Stands in for the diffusion model: paints the control map, so that only the rest is timed."""

    def default_batch_size(self) -> int:
        return 8

    def generate(self, attempts: Any, maps: Any) -> list[np.ndarray]:
        noise = np.random.default_rng(0).integers(0, 60, (512, 704, 3), dtype=np.uint8)
        return [np.maximum(m["canny"][..., None], noise[: len(m["canny"])]) for m in maps]


def photo_stages(folder: Path, count: int) -> list[Row]:
    """Ingest, Canny, gate and reasoning on photos of a real size."""
    items = jpegs(folder, count)
    stores = [Store(folder / f"store-{number}") for number in range(ROUNDS)]
    rows = {}

    def ingest(number: int) -> None:
        rows[number] = ingest_shard(items, stores[number], IngestConfig())

    ingested = seconds(ingest)
    store, photos = stores[0], labelled_photos(rows[0]["images"], rows[0]["labels"])
    plan = make_plan(
        photos,
        PlanConfig(targets=dict.fromkeys(CATEGORIES, 2), controls={"canny": 1.0}),
        CONTROL,
        "bench",
    )
    mapped = seconds(lambda number: control_shard(plan.maps, stores[number], CONTROL))
    made = synthesize_shard(plan.attempts, store, SynthesisConfig(), Painted())  # type: ignore[arg-type]
    judged = [
        Synthesized(attempt, synthesis, image)
        for attempt, synthesis, image in zip(
            plan.attempts, made["syntheses"], made["images"], strict=True
        )
    ]
    gated = seconds(lambda _: gate_shard(judged, store, GateConfig(), CONTROL))
    reasoned = seconds(lambda _: reason_shard(photos, store, REASONING))
    return [
        ("ingest a photo", "s", ingested / len(items)),
        ("a Canny map", "s", mapped / len(plan.maps)),
        ("gate an image", "s", gated / len(judged)),
        ("reasoning about a photo, without the teacher", "s", reasoned / len(photos)),
    ]


def table_stages(folder: Path, scenes: int) -> list[Row]:
    """Requests, tables, plan and deduplication on a corpus of small scenes."""
    store = Store(folder / "tables")
    config = SceneSourceConfig(per_category=-(-scenes // len(CATEGORIES)), size=64)
    rows: dict[str, list[dict[str, Any]]] = {}
    items = scene_items(config)
    for first in range(0, len(items), 120):
        made = render_shard(items[first : first + 120], store, config)
        photos = labelled_photos(made["images"], made["labels"])
        for table, found in (made | reason_shard(photos, store, REASONING)).items():
            rows.setdefault(table, []).extend(found)
    photos = labelled_photos(rows["images"], rows["labels"])
    sample = photos[:: max(1, len(photos) // 96)]
    chars, pictures = measure_prompts(shard_requests(sample, store, REASONING))
    texts = len(rows["reasonings"])
    refs = [store.write_shard(table, f"bench-{table}", found) for table, found in rows.items()]
    shards = sum(store.size(ref["uri"]) or 0 for ref in refs)
    versions = []
    published = seconds(
        lambda n: versions.append(publish(store, refs, config_hash=str(n), inputs={}))
    )
    snapshot = store.size(f"snapshots/{versions[0]}/corpus.duckdb") or 0
    # An attempt for every third photo, as the paper profile's plan has it for PICD.
    target = round((0.8 + 1 / 3) * config.per_category)
    plan = PlanConfig(targets=dict.fromkeys(CATEGORIES, target), expected_yield=1)
    places = {ref["table"]: ref for ref in refs}

    def read(table: str) -> list[dict[str, Any]]:
        return store.read_shard(places[table]).to_pylist()

    def planned() -> Any:
        joined = labelled_photos(read("images"), read("labels"))
        return make_plan(joined, plan, CONTROL, "bench")

    def compared() -> Any:
        return repeated_reasonings(read("reasonings"))

    return [
        ("characters of a prompt", "", chars),
        ("photos of a prompt", "", pictures),
        ("texts of a photo", "", texts / len(photos)),
        ("Parquet shards per text", "bytes", shards / texts),
        ("snapshot (DuckDB) per text", "bytes", snapshot / texts),
        ("publish per text", "s", published / texts),
        ("plan per photo", "s", seconds(lambda _: planned()) / len(photos)),
        ("memory of the plan per photo", "bytes", memory(planned) / len(photos)),
        ("deduplicate per text", "s", seconds(lambda _: compared()) / texts),
        ("memory of deduplication per text", "bytes", memory(compared) / texts),
    ]


def report(rows: list[Row], photos: int, scenes: int) -> str:
    """The page."""
    lines = [
        "# Stages without a GPU: time, memory and bytes per item\n",
        f"`python -m benchmarks.stage_costs --photos {photos} --scenes {scenes}`: {photos} photos "
        f"of 1,024 x 768 and {scenes} small scenes; processor seconds of one thread, best of "
        f"{ROUNDS} rounds. What is measured how stands in the module's docstring.\n",
        "| item | | |",
        "|---|---|---|",
        *(f"| {name} | {_shown(value, unit)} | {unit} |" for name, unit, value in rows),
    ]
    return "\n".join(lines) + "\n"


def _shown(value: float, unit: str) -> str:
    return f"{value:,.0f}" if unit == "bytes" else f"{value:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--scenes", type=int, default=960)
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with TemporaryDirectory() as folder:
        rows = photo_stages(Path(folder), args.photos) + table_stages(Path(folder), args.scenes)
    text = report(rows, args.photos, args.scenes)
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
