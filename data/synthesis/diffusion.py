"""diffusers' StableDiffusionControlNetPipeline behind one small class.

The parts are loaded once; canny, depth and both together share them. Prompts are embedded one at a
time and cached: a prompt's embedding does not depend on its neighbours, and the pool's prompts
repeat.
"""

import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from joppo.data.store.hub_id import split_revision
from joppo.data.synthesis.attempt import Attempt
from joppo.data.synthesis.checkpoint_files import PipelineFilesError, model_folder
from joppo.data.synthesis.config import KINDS, Kind, SynthesisConfig, identity, local_controlnets

CPU_TILE = 4
_SCHEDULERS = {
    "ddim": ("DDIMScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "dpm": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
}


class ImagePipeline:
    """A loaded pipeline for one config. `generate` may be called from several threads in turn."""

    def __init__(self, config: SynthesisConfig, pipeline: Any, controlnets: Mapping[str, Any]):
        self.config, self._controlnets = config, dict(controlnets)
        self._pipelines: dict[str, Any] = {}
        self._base = pipeline
        self._embeddings: dict[str, Any] = {}
        self._lock = threading.Lock()

    def pipeline(self, control: str) -> Any:
        """The diffusers pipeline for `canny`, `depth` or `depth+canny`.

        Raises:
            PipelineFilesError: the model has no ControlNet of that kind.
        """
        if control not in self._pipelines:
            self._pipelines[control] = self._assemble(kinds(control))
        return self._pipelines[control]

    def _assemble(self, names: Sequence[Kind]) -> Any:
        from diffusers import StableDiffusionControlNetPipeline

        if missing := [name for name in names if name not in self._controlnets]:
            raise PipelineFilesError(
                f"no {missing[0]} ControlNet for {self.config.model}; name one under controlnets "
                f"or put it into the model folder as controlnet_{missing[0]}"
            )
        nets = [self._controlnets[name] for name in names]
        assembled = StableDiffusionControlNetPipeline(
            **self._base.components,
            controlnet=nets[0] if len(nets) == 1 else nets,
            requires_safety_checker=False,
        )
        assembled.set_progress_bar_config(disable=True)
        return assembled

    def default_batch_size(self) -> int:
        """One tile on a CPU; on a GPU as many as free memory suggests, 2 GiB each (SD 1.5 size)."""
        import torch

        if self._base.device.type != "cuda":
            return CPU_TILE
        free, _ = torch.cuda.mem_get_info(self._base.device)
        return int(min(32, max(1, free // (2 << 30))))

    def generate(
        self, attempts: Sequence[Attempt], maps: Sequence[Mapping[str, np.ndarray]]
    ) -> list[np.ndarray] | None:
        """Images of attempts that share one control and one size; None if memory did not suffice.

        Args:
            maps: kind -> (H, W) uint8 control map, per attempt.

        Returns:
            (H, W, 3) uint8 each, sides as the maps'.
        """
        import torch

        with self._lock:
            # Small activations reach subnormal numbers, which a CPU handles many times slower.
            torch.set_flush_denormal(True)
            try:
                return self._generate(attempts, maps)
            except torch.OutOfMemoryError:
                pass  # Freed outside the handler: the traceback holds the failed batch's tensors.
            finally:
                torch.set_flush_denormal(False)
            torch.cuda.empty_cache()
            return None

    def _generate(
        self, attempts: Sequence[Attempt], maps: Sequence[Mapping[str, np.ndarray]]
    ) -> list[np.ndarray]:
        if self._base.device.type != "cpu":
            return self._run(attempts, maps)
        images: list[np.ndarray] = []
        for start in range(0, len(attempts), CPU_TILE):
            part, part_maps = attempts[start : start + CPU_TILE], maps[start : start + CPU_TILE]
            # Kernels are chosen by shape and differ in the last bits: one shape, one result.
            spare = CPU_TILE - len(part)
            padded = ([*part, *[part[-1]] * spare], [*part_maps, *[part_maps[-1]] * spare])
            images += self._run(*padded)[: len(part)]
        return images

    def _run(
        self, attempts: Sequence[Attempt], maps: Sequence[Mapping[str, np.ndarray]]
    ) -> list[np.ndarray]:
        import torch

        control = attempts[0].control
        pipeline, names = self.pipeline(control), kinds(control)
        images = [self._control(pipeline, [m[name] for m in maps]) for name in names]
        scales = self.config.control_scale if len(names) == 1 else self.config.multi_control_scale
        weights = [float(scales.get(name, 1.0)) for name in names]
        generators = [torch.Generator("cpu").manual_seed(a.seed) for a in attempts]
        result = pipeline(
            image=images[0] if len(names) == 1 else images,
            prompt_embeds=torch.cat([self._embed(pipeline, a.prompt) for a in attempts]),
            negative_prompt_embeds=torch.cat(
                [self._embed(pipeline, a.negative_prompt) for a in attempts]
            ),
            num_inference_steps=self.config.steps,
            guidance_scale=self.config.guidance_scale,
            controlnet_conditioning_scale=weights[0] if len(names) == 1 else weights,
            generator=generators,
            output_type="np",
        ).images
        return list(np.round(np.nan_to_num(result) * 255).astype(np.uint8))

    def _control(self, pipeline: Any, maps: Sequence[np.ndarray]) -> Any:
        """(B, 3, H, W) in [0, 1], as the ControlNets' own preprocessing gives."""
        import torch

        grey = torch.from_numpy(np.stack(maps)).float().div_(255)[:, None]
        return grey.expand(-1, 3, -1, -1).to(pipeline.device, pipeline.unet.dtype)

    def _embed(self, pipeline: Any, prompt: str) -> Any:
        if prompt not in self._embeddings:
            embedded, _ = pipeline.encode_prompt(prompt, pipeline.device, 1, False)
            self._embeddings[prompt] = embedded
        return self._embeddings[prompt]


def kinds(control: str) -> list[Kind]:
    """Kinds of a control's name, in the order in which the ControlNets are given."""
    return [kind for kind in KINDS if kind in control.split("+")]


def load_pipeline(config: SynthesisConfig) -> ImagePipeline:
    """Load a config's pipeline, once per process.

    Raises:
        PipelineFilesError: a folder is missing, damaged, a pickle, or of another size; the message
            names the remedy.
    """
    return _load(config.model_dump_json(), identity(config))


@lru_cache(maxsize=1)
def _load(config_json: str, weights: str) -> ImagePipeline:
    # `weights` only keys the cache: a model that was trained anew is loaded anew.
    import torch
    from diffusers import ControlNetModel, StableDiffusionPipeline

    config = SynthesisConfig.model_validate_json(config_json)
    folder = model_folder(config.model)
    nets = local_controlnets(config, folder)
    device, dtype = _placement(config)
    options = {"torch_dtype": getattr(torch, dtype), "use_safetensors": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name, revision = split_revision(str(folder or config.model))
        base = StableDiffusionPipeline.from_pretrained(
            name,
            revision=revision,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
            **options,
        )
        controlnets = {}
        for kind, net in nets.items():
            name, revision = split_revision(str(net or config.controlnets[kind]))
            controlnets[kind] = ControlNetModel.from_pretrained(name, revision=revision, **options)
    if config.scheduler != "model":
        base.scheduler = _scheduler(config.scheduler, base.scheduler)
    base.to(device)
    return ImagePipeline(config, base, {k: net.to(device).eval() for k, net in controlnets.items()})


def _placement(config: SynthesisConfig) -> tuple[str, str]:
    """(device, dtype name); half precision only where the hardware has it."""
    import torch

    gpu = torch.cuda.is_available()
    device = ("cuda" if gpu else "cpu") if config.device == "auto" else config.device
    if config.dtype != "auto":
        return device, config.dtype
    if not device.startswith("cuda"):
        return device, "float32"
    return device, "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def _scheduler(name: str, current: Any) -> Any:
    import diffusers

    class_name, options = _SCHEDULERS[name]
    return getattr(diffusers, class_name).from_config(current.config, **options)
