"""How images are synthesized, and what identifies the result."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from joppo.data.config import OPERATIONAL, ByContent, StageConfig
from joppo.data.store.hashing import content_hash
from joppo.data.synthesis.checkpoint_files import (
    EMBEDDED,
    check_pipeline,
    model_content,
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


def _contents(models: dict[Kind, str]) -> dict[Kind, str]:
    return {kind: model_content(model) for kind, model in models.items()}


def _full_weight() -> dict[Kind, float]:
    return {"canny": 1.0, "depth": 1.0}


class SynthesisConfig(StageConfig):
    """Which model makes the images, and how."""

    model: Annotated[str, ByContent(model_content)] = EMBEDDED
    """tiny-diffusion (comes with the project), a local diffusers folder, or a hub id (`org/name`,
    `org/name@revision`); the paper's is stable-diffusion-v1-5/stable-diffusion-v1-5"""
    controlnets: Annotated[dict[Kind, str], ByContent(_contents)] = Field(default_factory=dict)
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
    batch_size: Annotated[int | None, OPERATIONAL] = Field(default=None, ge=1)
    """images at once; null chooses by the device's free memory (4 on a CPU). An image depends on
    its own seed only"""
    device: Annotated[str, OPERATIONAL] = "auto"
    """torch device; auto takes a GPU where there is one. Devices differ in rounding only, as long
    as `dtype` is named"""
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """number format; auto takes bfloat16 or float16 on a GPU, float32 on a CPU: name one where
    different devices fill one store"""


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
    # ControlNets that are not named lie in the model folder, whose content covers them.
    return content_hash(model_content(config.model), _contents(config.controlnets))


def synthesis_key(config: SynthesisConfig) -> str:
    """What identifies the images of a config: the weights' content and all values that matter.

    Raises:
        PipelineFilesError: the model folder cannot be used.
    """
    identity(config)  # checks the folders
    return content_hash(RECIPE_VERSION, config.recipe())


def model_name(config: SynthesisConfig) -> str:
    """Name for the `model` column: a hub id or the folder's own name, never a path."""
    folder = model_folder(config.model)
    return folder.name if folder else config.model
