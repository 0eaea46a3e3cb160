"""The parts of the tiny pipeline: sizes, and how they are put together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE = 64
LATENT_CHANNELS = 16
LATENT_SIZE = 16
KINDS = ("canny", "depth")
_CHANNELS = (64, 96, 104)
_TEXT_WIDTH = 64
_COMMON = {
    "in_channels": LATENT_CHANNELS,
    "layers_per_block": 1,
    "block_out_channels": _CHANNELS,
    "down_block_types": ("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
    "cross_attention_dim": _TEXT_WIDTH,
    "attention_head_dim": 4,
    "norm_num_groups": 8,
}


@dataclass
class Parts:
    """All trainable modules, the tokenizer and the scheduler of the tiny pipeline."""

    vae: Any
    unet: Any
    controlnets: dict[str, Any]
    text_encoder: Any
    tokenizer: Any
    scheduler: Any

    def trained(self) -> dict[str, Any]:
        """Modules that the diffusion training updates, by folder name."""
        nets = {f"controlnet_{kind}": net for kind, net in self.controlnets.items()}
        return {"unet": self.unet, "text_encoder": self.text_encoder} | nets


def new_vae() -> Any:
    """Autoencoder of factor 4: (B, 3, 64, 64) in [-1, 1] <-> (B, 16, 16, 16)."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        encoder_block_out_channels=(32, 32, 32),
        decoder_block_out_channels=(32, 32, 32),
        # No block at full resolution: there, a convolution costs as much as all the rest.
        num_encoder_blocks=(0, 1, 1),
        num_decoder_blocks=(2, 1, 0),
        latent_channels=LATENT_CHANNELS,
    )


def new_scheduler() -> Any:
    """v-prediction with zero terminal SNR, so that dark and bright pictures are both reachable."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def new_parts(tokenizer: Any, seed: int) -> Parts:
    """Untrained parts, initialised by the seed."""
    import torch
    from diffusers import ControlNetModel, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(seed)
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=_TEXT_WIDTH,
        intermediate_size=2 * _TEXT_WIDTH,
        projection_dim=_TEXT_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    unet = UNet2DConditionModel(
        sample_size=LATENT_SIZE,
        out_channels=LATENT_CHANNELS,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        **_COMMON,
    )
    # Two strides bring a 64 px map to the latents' 16 places: one per doubling of channels.
    nets = {
        kind: ControlNetModel(conditioning_embedding_out_channels=(16, 32, 64), **_COMMON)
        for kind in KINDS
    }
    return Parts(new_vae(), unet, nets, CLIPTextModel(text), tokenizer, new_scheduler())


def save(parts: Parts, folder: Path) -> None:
    """Write the pipeline folder: fp16 safetensors, ControlNets as `controlnet_<kind>`.

    The layout is Stable Diffusion's own; the two ControlNets lie beside the other parts.
    """
    from diffusers import StableDiffusionPipeline

    half = {name: _half(module) for name, module in parts.trained().items()}
    pipeline = StableDiffusionPipeline(
        vae=_half(parts.vae),
        text_encoder=half["text_encoder"],
        tokenizer=parts.tokenizer,
        unet=half["unet"],
        scheduler=parts.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    for kind in KINDS:
        half[f"controlnet_{kind}"].save_pretrained(folder / f"controlnet_{kind}")


def _half(module: Any) -> Any:
    from copy import deepcopy

    return deepcopy(module).half()
