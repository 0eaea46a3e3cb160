"""Throughput of synthesis: the shard function of the flow against diffusers called in a bare loop.

    python -m benchmarks.synthesis [--images 48] [--batch 4] [--rounds 3]
    python -m benchmarks.synthesis --sd15 --batch 1 2 4 8 16      (needs a GPU; random weights)

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

from data.categories import CATEGORIES
from data.control import ControlConfig, control_shard, encode_png, read_map
from data.diffusion import ImagePipeline, load_pipeline
from data.photos import load_photo, perceptual_hash
from data.plan import PlanConfig, make_plan
from data.scenes import render_scene
from data.store import Store
from data.synthesis import synthesize_shard
from data.synthesis_config import SynthesisConfig, synthesis_key

RESULTS = Path(__file__).with_name("results") / "synthesis.md"
CONTROL = ControlConfig()
TITLE = "# Synthesis: shard function against bare diffusers loop"
HOW = (
    "`python -m benchmarks.synthesis`, tiny-diffusion on a CPU with torch's default threads. Both "
    "sides make the same images; the shard function also stores each with its record."
)


def attempts_in(store: Store, count: int, config: SynthesisConfig) -> list[dict[str, Any]]:
    """Canny attempts with their maps in the store."""
    photos = []
    for index in range(count):
        category = index % len(CATEGORIES) + 1
        content = encode_png(render_scene(category, 100 + index, 64).image)
        image_id, uri = store.put_image(content, "png")
        image = {"image_id": image_id, "uri": uri, "width": 64, "height": 64, "split": "train"}
        image |= {"phash": perceptual_hash(load_photo(content)), "parent_image_id": None}
        photos.append({"image": image, "label": {"categories": [category], "split": "train"}})
    per_category = dict.fromkeys(CATEGORIES, count)
    plan = PlanConfig(targets=per_category, controls={"canny": 1.0}, max_total=count)
    made = make_plan(photos, plan, CONTROL, synthesis_key(config))
    control_shard(made.controls, store, CONTROL)
    return made.attempts


def bare_loop(
    pipeline: ImagePipeline, attempts: list[dict[str, Any]], store: Store, batch: int
) -> None:
    """What a script with diffusers alone does: prompts as text, nothing stored."""
    import torch

    diffusers_pipeline, config = pipeline.pipeline("canny"), pipeline.config
    maps = [read_map(store, attempt["control_uris"]["canny"]) for attempt in attempts]
    for start in range(0, len(attempts), batch):
        part = attempts[start : start + batch]
        grey = torch.from_numpy(np.stack(maps[start : start + batch])).float().div(255)[:, None]
        diffusers_pipeline(
            prompt=[attempt["prompt"] for attempt in part],
            negative_prompt=[attempt["negative_prompt"] for attempt in part],
            image=grey.expand(-1, 3, -1, -1).contiguous(),
            num_inference_steps=config.steps,
            guidance_scale=config.guidance_scale,
            generator=[torch.Generator().manual_seed(attempt["seed"]) for attempt in part],
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
                for uri in attempt["control_uris"].values():
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


def sd15_on_gpu(batches: list[int], steps: int = 20) -> list[str]:
    """Images per second and peak memory of SD 1.5's architecture with random weights."""
    import torch
    from diffusers import (
        AutoencoderKL,
        ControlNetModel,
        StableDiffusionControlNetPipeline,
        UNet2DConditionModel,
        UniPCMultistepScheduler,
    )

    if not torch.cuda.is_available():
        raise SystemExit("--sd15 needs a GPU; without one, leave the option out")
    unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8, sample_size=64)
    vae = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    pipeline = StableDiffusionControlNetPipeline(
        vae=vae, text_encoder=None, tokenizer=None, unet=unet,
        controlnet=ControlNetModel.from_unet(unet), scheduler=UniPCMultistepScheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).to("cuda", torch.float16)  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    lines = [f"{torch.cuda.get_device_name()}, float16, 512 x 512, {steps} steps, random weights.",
             "", "| batch | images/s | peak memory |", "|---|---|---|"]  # fmt: skip
    for batch in batches:
        text = torch.randn(batch, 77, 768, device="cuda", dtype=torch.float16)
        edges = (torch.rand(batch, 3, 512, 512) > 0.9).to("cuda", torch.float16)

        def work(text: Any = text, edges: Any = edges) -> None:
            pipeline(prompt_embeds=text, negative_prompt_embeds=text, image=edges,
                     num_inference_steps=steps, output_type="latent")  # fmt: skip
            torch.cuda.synchronize()

        work()
        torch.cuda.reset_peak_memory_stats()
        seconds, _ = _seconds(work)
        peak = torch.cuda.max_memory_allocated() / 2**30
        lines.append(f"| {batch} | {batch / seconds:.2f} | {peak:.1f} GiB |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--batch", type=int, nargs="+", default=[4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sd15", action="store_true")
    args = parser.parse_args()
    if args.sd15:
        print("\n".join(sd15_on_gpu(args.batch)))
        return
    lines = [TITLE, "", HOW, ""]
    for batch in args.batch:
        lines += ratio_on_this_machine(args.images, batch, args.rounds)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
