"""Throughput of synthesis: the shard function of the flow against diffusers called in a bare loop.

    python -m benchmarks.synthesis [--images 48] [--batch 4] [--rounds 3]

Both sides make the same images with the same pipeline object, batches, seeds and steps; the shard
function also reads control maps, hashes and stores each image and its record. Rounds alternate, and
the ratio is taken between the best round of each side, so that other work on the machine harms both
alike. Writes benchmarks/results/synthesis.md.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.photos.decode import load_photo, perceptual_hash
from joppo.data.scenes.scene import render_scene
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt
from joppo.data.synthesis.config import SynthesisConfig, synthesis_key
from joppo.data.synthesis.control_maps import ControlConfig, encode_png, read_map
from joppo.data.synthesis.control_shard import control_shard
from joppo.data.synthesis.diffusion import ImagePipeline, kinds, load_pipeline
from joppo.data.synthesis.generate import synthesize_shard
from joppo.data.synthesis.long_tail_plan import make_plan
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.data.taxonomy.categories import CATEGORIES

RESULTS = Path(__file__).with_name("results") / "synthesis.md"
CONTROL = ControlConfig()
TITLE = "# Synthesis: shard function against bare diffusers loop"
HOW = (
    "`python -m benchmarks.synthesis`, tiny-diffusion on a CPU with torch's default threads. Both "
    "sides make the same images; the shard function also stores each with its record."
)


def attempts_in(store: Store, count: int, config: SynthesisConfig) -> list[Attempt]:
    """Canny attempts with their maps in the store."""
    photos = []
    for index in range(count):
        category = index % len(CATEGORIES) + 1
        content = encode_png(render_scene(category, 100 + index, 64).image)
        image_id, uri = store.put_image(content, "png")
        image = {"image_id": image_id, "uri": uri, "width": 64, "height": 64, "split": "train"}
        image |= {"phash": perceptual_hash(load_photo(content)), "parent_image_id": None}
        photos.append(LabelledPhoto(image, {"categories": [category], "split": "train"}))
    per_category = dict.fromkeys(CATEGORIES, count)
    plan = PlanConfig(targets=per_category, controls={"canny": 1.0}, max_total=count)
    made = make_plan(photos, plan, CONTROL, synthesis_key(config))
    control_shard(made.maps, store, CONTROL)
    return made.attempts


def bare_loop(pipeline: ImagePipeline, attempts: list[Attempt], store: Store, batch: int) -> None:
    """What a script with diffusers alone does: prompts as text, nothing stored.

    All attempts have the control of the first one.
    """
    import torch

    control = attempts[0].control
    diffusers_pipeline, config = pipeline.pipeline(control), pipeline.config
    for start in range(0, len(attempts), batch):
        part = attempts[start : start + batch]
        images = []
        for kind in kinds(control):
            maps = np.stack([read_map(store, attempt.control_uris[kind]) for attempt in part])
            grey = torch.from_numpy(maps).float().div(255)[:, None]
            images.append(grey.expand(-1, 3, -1, -1).contiguous())
        diffusers_pipeline(
            prompt=[attempt.prompt for attempt in part],
            negative_prompt=[attempt.negative_prompt for attempt in part],
            image=images if len(images) > 1 else images[0],
            num_inference_steps=config.steps,
            guidance_scale=config.guidance_scale,
            generator=[torch.Generator().manual_seed(attempt.seed) for attempt in part],
            output_type="np",
        )


def _seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """(wall, CPU) seconds; on a machine that others use, CPU seconds are the fairer figure."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def ratio_on_this_machine(count: int, batch: int, rounds: int) -> list[str]:
    """Lines of the report: images per second of both sides, and their ratio."""
    config = SynthesisConfig(batch_size=batch)
    pipeline = load_pipeline(config)
    bare, shard = [], []
    with TemporaryDirectory() as folder:
        store = Store(folder)
        attempts = attempts_in(store, count, config)
        bare_loop(pipeline, attempts[:batch], store, batch)  # warm-up
        for number in range(rounds):
            fresh = Store(f"{folder}/{number}")
            for attempt in attempts:
                for uri in attempt.control_uris.values():
                    fresh.write_bytes(uri, store.read_bytes(uri))
            bare.append(_seconds(lambda: bare_loop(pipeline, attempts, store, batch)))
            shard.append(_seconds(lambda s=fresh: synthesize_shard(attempts, s, config, pipeline)))
    lines = [
        f"{count} images of 64 x 64, canny, batch {batch}, {config.steps} steps, {rounds} rounds, "
        "best round of each side.",
        "",
        "| side | wall | CPU | images per CPU second |",
        "|---|---|---|---|",
    ]
    best = []
    for name, rows in (("bare diffusers loop", bare), ("`synthesize_shard`", shard)):
        wall, cpu = (min(values) for values in zip(*rows, strict=True))
        best.append((wall, cpu))
        lines.append(f"| {name} | {wall:.2f} s | {cpu:.2f} s | {count / cpu:.2f} |")
    wall, cpu = (a / b for a, b in zip(*best, strict=True))
    return [*lines, "", f"Throughput ratio: {wall:.3f} by wall time, {cpu:.3f} by CPU time."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--batch", type=int, nargs="+", default=[4])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    lines = [TITLE, "", HOW, ""]
    for batch in args.batch:
        lines += ratio_on_this_machine(args.images, batch, args.rounds)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
