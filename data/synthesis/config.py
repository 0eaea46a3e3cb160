"""How images are synthesized, and what identifies the result."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from joppo.data.config import StageConfig
from joppo.data.store.hashing import content_hash
from joppo.data.synthesis.checkpoint_files import (
    EMBEDDED,
    check_pipeline,
    fingerprint,
    model_folder,
)

RECIPE_VERSION = "synthesis-1"
SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
SD15_CONTROLNETS = {
    "depth": "lllyasviel/control_v11f1p_sd15_depth",
    "canny": "lllyasviel/control_v11p_sd15_canny",
}
Kind = Literal["canny", "depth"]
KINDS: tuple[Kind, ...] = ("canny", "depth")


def _full_weight() -> dict[Kind, float]:
    return {"canny": 1.0, "depth": 1.0}


class SynthesisConfig(StageConfig):
    """Which model makes the images, and how."""

    model: str = EMBEDDED
    """tiny-diffusion (comes with the project), a local diffusers folder, or a hub id; the paper's
    is stable-diffusion-v1-5/stable-diffusion-v1-5"""
    controlnets: dict[Kind, str] = Field(default_factory=dict)
    """kind (canny, depth) -> local folder or hub id; a kind that is not named is taken from the
    model folder's `controlnet_<kind>`"""
    scheduler: Literal["model", "ddim", "unipc", "dpm"] = "model"
    """ddim, unipc, dpm (DPM-Solver++ 2M) or model (as the folder says)"""
    steps: int = Field(default=12, ge=1, le=1000)
    """denoising steps of an image"""
    guidance_scale: float = Field(default=3.0, ge=0)
    """weight of the prompt (classifier-free guidance)"""
    control_scale: dict[Kind, float] = Field(default_factory=_full_weight)
    """weight of a control that is used alone"""
    multi_control_scale: dict[Kind, float] = Field(default_factory=_full_weight)
    """weight of each control when both are used"""
    batch_size: int | None = Field(default=None, ge=1)
    """images at once; null chooses by the device's free memory (4 on a CPU)"""
    device: str = "auto"
    """torch device; auto takes a GPU where there is one"""
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """auto takes bfloat16 or float16 on a GPU, float32 on a CPU"""


def local_controlnets(config: SynthesisConfig, folder: Path | None) -> dict[Kind, Path | None]:
    """kind -> folder of each ControlNet at hand; None stands for a hub id.

    Raises:
        PipelineFilesError: a named folder does not exist.
    """
    found: dict[Kind, Path | None] = {}
    for kind in KINDS:
        if named := config.controlnets.get(kind):
            found[kind] = model_folder(named)
        elif folder is not None and (folder / f"controlnet_{kind}").is_dir():
            found[kind] = folder / f"controlnet_{kind}"
    return found


def identity(config: SynthesisConfig) -> str:
    """Content hash of all weights and configs of a config's model, wherever they lie.

    Raises:
        PipelineFilesError: the model folder cannot be used.
    """
    folder = model_folder(config.model)
    nets = local_controlnets(config, folder)
    if folder is not None:
        check_pipeline(folder, nets)
    ids = {
        kind: fingerprint(net) if net else config.controlnets[kind] for kind, net in nets.items()
    }
    return content_hash(fingerprint(folder) if folder else config.model, ids)


def synthesis_key(config: SynthesisConfig) -> str:
    """What identifies the images of a config: the weights' content and all values that matter.

    The batch size and the device are left out: an image depends on its own seed only.

    Raises:
        PipelineFilesError: the model folder cannot be used.
    """
    left_out = {"model", "controlnets", "batch_size", "device", "dtype"}
    values = config.model_dump(mode="json", exclude=left_out)
    return content_hash(RECIPE_VERSION, identity(config), values)


def model_name(config: SynthesisConfig) -> str:
    """Name for the `model` column: a hub id or the folder's own name, never a path."""
    folder = model_folder(config.model)
    return folder.name if folder else config.model
