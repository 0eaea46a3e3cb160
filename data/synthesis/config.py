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
    """Values of one synthesis stage.

    model: "tiny-diffusion" (comes with the project), a local diffusers folder, or a hub id; the
        paper's is `SD15`.
    controlnets: kind -> local folder or hub id; a kind that is not named is taken from the model
        folder's `controlnet_<kind>`. The paper's are `SD15_CONTROLNETS`.
    scheduler: ddim, unipc, dpm (DPM-Solver++ 2M) or model (as the folder says).
    control_scale: weight of a single control; `multi_control_scale`: of each when both are used.
    batch_size: images at once; null chooses by the device's free memory (4 on a CPU).
    device, dtype: auto takes a GPU and bfloat16/float16 where there is one, else CPU and float32.
    """

    model: str = EMBEDDED
    controlnets: dict[Kind, str] = Field(default_factory=dict)
    scheduler: Literal["model", "ddim", "unipc", "dpm"] = "model"
    steps: int = Field(default=12, ge=1, le=1000)
    guidance_scale: float = Field(default=3.0, ge=0)
    control_scale: dict[Kind, float] = Field(default_factory=_full_weight)
    multi_control_scale: dict[Kind, float] = Field(default_factory=_full_weight)
    batch_size: int | None = Field(default=None, ge=1)
    device: str = "auto"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"


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
