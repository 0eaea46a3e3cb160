"""Train the embedded pipeline from nothing but our own renderer, on one CPU core or a GPU.

    OMP_NUM_THREADS=1 python -m joppo.data.tiny_diffusion.train --out data/weights/tiny-diffusion
    python -m joppo.data.tiny_diffusion.train --out DIR --device cuda --rows-times 4 --workers 16

Stages: render scenes, learn the tokenizer, train the autoencoder, cache latents, train UNet,
ControlNets and text encoder together. Each stage leaves its result in the work folder, the last one
a checkpoint each few minutes: run the command again to go on where it stopped. At each checkpoint
the averaged weights are exported to the output folder, complete and loadable.
"""

import argparse
import json
import logging
from pathlib import Path

import numpy as np

from joppo.data.store.write_aside import write_aside
from joppo.data.tiny_diffusion.diffusion_training import Examples, Trainer
from joppo.data.tiny_diffusion.model import Parts, new_parts, save
from joppo.data.tiny_diffusion.recipe import Recipe
from joppo.data.tiny_diffusion.scene_set import SceneSet, cached_set
from joppo.data.tiny_diffusion.tokenizer import new_tokenizer
from joppo.data.tiny_diffusion.vae_training import encode_all, train_vae

log = logging.getLogger(__name__)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, help="pipeline folder to write")
    parser.add_argument("--work", type=Path, default=Path("build/tiny-diffusion"))
    parser.add_argument("--scenes", type=int, default=24_000)
    parser.add_argument("--vae-steps", type=int, default=5_000)
    parser.add_argument("--steps", type=int, default=7_000)
    parser.add_argument("--workers", type=int, default=2, help="processes that render scenes")
    parser.add_argument(
        "--rows-times", type=int, default=1, help="multiplies the 24 rows of a batch"
    )
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for one GPU")
    parser.add_argument("--checkpoint-every", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--compile", action="store_true", help="use torch.compile (needs a C++ compiler)"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    args = parse(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    path = args.work / f"scenes-{args.scenes}.npz"
    scenes = cached_set(path, args.scenes, workers=args.workers)
    log.info("%d scenes", len(scenes.images))
    parts = new_parts(new_tokenizer(vocabulary_texts(scenes)), args.seed)
    _train_vae(parts, scenes, args)
    examples = _examples(parts, scenes, args)
    _train_diffusion(parts, examples, args)


def vocabulary_texts(scenes: SceneSet) -> list[str]:
    """Captions and pool prompts: the words that the pipeline is going to read."""
    from joppo.data.synthesis.prompt_pool import all_phrases

    return [*scenes.captions, *all_phrases() * 20]


def _train_vae(parts: Parts, scenes: SceneSet, args: argparse.Namespace) -> None:
    from safetensors.torch import load_file, save_file

    path = args.work / f"vae-{args.vae_steps}.safetensors"
    parts.vae.to(args.device)
    if path.exists():
        parts.vae.load_state_dict(load_file(path))
    else:
        train_vae(parts.vae, scenes.images, args.vae_steps, args.seed)
        save_file({k: v.contiguous().cpu() for k, v in parts.vae.state_dict().items()}, path)
    parts.vae.requires_grad_(False).eval()


def _examples(parts: Parts, scenes: SceneSet, args: argparse.Namespace) -> Examples:
    path = args.work / f"latents-{args.scenes}-{args.vae_steps}.npy"
    if not path.exists():
        latents = encode_all(parts.vae, scenes.images)
        # The pipelines multiply by scaling_factor only: it makes the latents' variance one.
        np.save(path, latents)
    latents = np.load(path)
    scale = round(float(1 / latents[:2000].astype(np.float32).std()), 4)
    parts.vae.register_to_config(scaling_factor=scale)
    log.info("scaling factor %.4f", scale)
    tokens = tokenize(parts, scenes.captions)
    empty = tokenize(parts, [""])
    return Examples((latents * scale).astype(np.float16), scenes.canny, scenes.depth, tokens, empty)


def tokenize(parts: Parts, texts: list[str]) -> np.ndarray:
    """(N, max length) int64 token ids, padded as the pipelines pad."""
    ids = parts.tokenizer(
        texts, padding="max_length", max_length=parts.tokenizer.model_max_length, truncation=True
    )["input_ids"]
    return np.asarray(ids, np.int64)


def _train_diffusion(parts: Parts, examples: Examples, args: argparse.Namespace) -> None:
    import torch

    # Small activations reach subnormal numbers, which a CPU handles many times slower.
    torch.set_flush_denormal(True)
    trainer = Trainer(parts, Recipe(times=args.rows_times), args.seed, args.compile, args.device)
    path = args.work / "checkpoint.pt"
    if path.exists():
        trainer.restore(torch.load(path, map_location="cpu", weights_only=True))
        log.info("going on from step %d", trainer.step)

    def on_pause() -> None:
        with write_aside(path) as aside:
            torch.save(trainer.state(), aside)
        with trainer.averaged() as averaged:
            save(averaged, args.out)
        facts = vars(args) | {"step": trainer.step}
        (args.work / "run.json").write_text(json.dumps(facts, default=str, indent=1))

    trainer.run(examples, args.steps, args.checkpoint_every, on_pause)


if __name__ == "__main__":
    main()
