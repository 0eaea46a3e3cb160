"""Synthesis with SD 1.5's architecture on a GPU: images a second, peak memory, a full memory.

    python -m benchmarks.gpu_synthesis                       # one GPU, about 2 minutes
    python -m benchmarks.gpu_synthesis --shape tiny --cpu    # the same code on a CPU

UNet, two ControlNets, VAE and text encoder have SD 1.5's shapes and random weights, so nothing is
downloaded; pictures are 512 x 512. For each control and batch size, the shard function of the flow
(reads control maps, stores each image with its record) and a bare loop over the same diffusers
pipeline, one after the other. At last the memory is capped so that the largest batch does not fit:
the shard must halve it and make every image. Each row is printed and appended to --out as it comes.
With one batch a measurement (--least-images) nothing of the storing overlaps: the worst case.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.synthesis import bare_loop
from joppo.data.scenes.scene import render_scene
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt
from joppo.data.synthesis.checkpoint_files import EMBEDDED, WEIGHTS_DIR
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import encode_png
from joppo.data.synthesis.diffusion import ImagePipeline, load_pipeline
from joppo.data.synthesis.generate import synthesize_shard

GIB = 2**30
Row = dict[str, Any]


def pipeline_of(shape: str, config: SynthesisConfig) -> ImagePipeline:
    """The embedded pipeline, or one of SD 1.5's shapes, initialised on the GPU."""
    if shape == "tiny":
        return load_pipeline(config)
    import torch
    from diffusers import (
        AutoencoderKL,
        ControlNetModel,
        StableDiffusionPipeline,
        UNet2DConditionModel,
        UniPCMultistepScheduler,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(str(WEIGHTS_DIR / EMBEDDED / "tokenizer"))
    tokenizer.model_max_length = 77
    text = CLIPTextConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        vocab_size=49408,
        max_position_embeddings=77,
    )
    torch.manual_seed(0)
    with torch.device("cuda"):
        unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8, sample_size=64)
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            sample_size=512,
        )
        nets = {kind: ControlNetModel.from_unet(unet) for kind in ("canny", "depth")}
        text_encoder = CLIPTextModel(text)
    dtype = getattr(torch, config.dtype)
    base = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=UniPCMultistepScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).to("cuda", dtype)
    nets = {kind: net.to("cuda", dtype).eval() for kind, net in nets.items()}
    return ImagePipeline(config, base, nets)


def attempts_in(store: Store, control: str, count: int, size: int) -> list[Attempt]:
    """Attempts of one control, their maps in the store: edges and depths of rendered scenes."""
    import cv2

    attempts = []
    for index in range(count):
        scene = render_scene(index % 24 + 1, index, size)
        drawn = {
            "canny": cv2.Canny(scene.image, 60, 120),
            "depth": np.round(255 * np.asarray(scene.depth)).astype(np.uint8),
        }
        uris = {kind: f"controls/{kind}-{index}.png" for kind in control.split("+")}
        for kind, uri in uris.items():
            store.write_bytes(uri, encode_png(drawn[kind]))
        attempts.append(
            Attempt(
                attempt_id=f"{index:016x}",
                parent={"image_id": f"{index:064x}", "split": "train"},
                label=None,
                category=1,
                control=control,
                control_uris=uris,
                prompt=f"a photo of a street, picture {index}",
                negative_prompt="blurry",
                seed=index,
            )
        )
    return attempts


class Measurement:
    """A pipeline, its attempts, and the file of the rows."""

    def __init__(self, args: argparse.Namespace, folder: str) -> None:
        self.args, self.folder, self.begun = args, folder, time.monotonic()
        self.config = SynthesisConfig(
            steps=args.steps,
            guidance_scale=7.5,
            device="cpu" if args.cpu else "cuda",
            dtype="float32" if args.cpu else "bfloat16",
        )
        self.pipeline = pipeline_of(args.shape, self.config)
        self.stores = 0

    def fresh(self, control: str, count: int) -> tuple[Store, list[Attempt]]:
        """A store without images, and attempts to make in it."""
        self.stores += 1
        store = Store(f"{self.folder}/{self.stores}")
        return store, attempts_in(store, control, count, 64 if self.args.shape == "tiny" else 512)

    def record(self, **row: Any) -> Row:
        """Print and keep a row."""
        with self.args.out.open("a") as out:
            out.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
        return row

    def timed(self, work: Callable[[], Any]) -> tuple[float, float, float]:
        """Seconds, and the GiB that tensors took and that the allocator held at most."""
        if self.args.cpu:
            started = time.perf_counter()
            work()
            return time.perf_counter() - started, 0.0, 0.0
        import torch

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        torch.cuda.synchronize()
        seconds = time.perf_counter() - started
        memory = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
        return seconds, memory[0] / GIB, memory[1] / GIB

    def both(self, control: str, batch: int) -> Row:
        """The shard function and the bare loop at one batch size."""
        count = max(self.args.least_images, batch)
        sized = self.config.model_copy(update={"batch_size": batch})
        store, attempts = self.fresh(control, count)
        # A few steps choose the kernels and fill the allocator.
        self.pipeline.config = self.config.model_copy(update={"steps": 3})
        bare_loop(self.pipeline, attempts[:batch], store, batch)
        self.pipeline.config = self.config
        bare, _, _ = self.timed(lambda: bare_loop(self.pipeline, attempts, store, batch))
        shard, peak, held = self.timed(
            lambda: synthesize_shard(attempts, store, sized, self.pipeline)
        )
        return self.record(
            control=control,
            batch=batch,
            images=count,
            bare=count / bare,
            shard=count / shard,
            ratio=bare / shard,
            peak_gib=peak,
            held_gib=held,
        )

    def too_little(self, control: str, batch: int, gib: float) -> bool:
        """A shard with so many GiB; whether its batch was halved."""
        import torch

        store, attempts = self.fresh(control, batch)
        sized = self.config.model_copy(update={"batch_size": batch})
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(gib * GIB / torch.cuda.mem_get_info()[1])
        rows = synthesize_shard(attempts, store, sized, self.pipeline)
        torch.cuda.set_per_process_memory_fraction(1.0)
        details = [warning["detail"] for warning in rows["warnings"]]
        self.record(capped_gib=gib, batch=batch, images=len(rows["images"]), warnings=details)
        return bool(details)

    def late(self) -> bool:
        """Whether the time for measurements is over."""
        return time.monotonic() - self.begun > 60 * self.args.minutes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=("sd15", "tiny"), default="sd15")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--control", nargs="+", default=["canny", "depth+canny"])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--least-images", type=int, default=4, help="of each measurement")
    parser.add_argument("--out", type=Path, default=Path("gpu_synthesis.jsonl"))
    parser.add_argument("--minutes", type=float, default=30.0, help="none starts after that")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        run_all(Measurement(args, folder))


def run_all(measurement: Measurement) -> list[Row]:
    """All controls and batch sizes, then the cap; the rows that `both` gives."""
    import torch

    args, rows = measurement.args, []
    if not args.cpu:
        measurement.record(device=torch.cuda.get_device_name(), torch=torch.__version__)
    for control in args.control:
        for batch in args.batch:
            if measurement.late():
                print(f"{control}, batch {batch}: left out", flush=True)
                continue
            rows.append(measurement.both(control, batch))
    found = {row["batch"]: row for row in rows if row["control"] == args.control[-1]}
    if not args.cpu and len(found) > 1:
        largest = max(found)
        before = max(batch for batch in found if batch < largest)
        # Under pressure the allocator gives back what it had in store, so that more fits than the
        # peaks suggest.
        for share in (1.1, 0.95, 0.8, 0.65):
            if measurement.too_little(args.control[-1], largest, share * found[before]["peak_gib"]):
                break
    return rows


if __name__ == "__main__":
    main()
