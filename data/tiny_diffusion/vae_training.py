"""Training of the tiny autoencoder: sharp edges first, because the controls are edges."""

import logging
import time
from typing import Any

import numpy as np

from joppo.data.tiny_diffusion.precision import autocast

log = logging.getLogger(__name__)
BATCH = 16
LATENT_NOISE = 0.25


def to_pixels(images: np.ndarray, device: Any = "cpu") -> Any:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float32 in [-1, 1], channels last in memory."""
    import torch

    pixels = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    return pixels.contiguous(memory_format=torch.channels_last)


def vae_loss(vae: Any, pixels: Any, generator: Any) -> Any:
    """L1 + L1 of differences + a pull of each latent channel to zero mean and unit variance.

    The decoder sees latents with noise, as the diffusion model's own will never be exact.
    """
    import torch

    latents = vae.encode(pixels).latents.float()
    level = LATENT_NOISE * torch.rand(len(latents), 1, 1, 1, generator=generator)
    noise = (level * torch.randn(latents.shape, generator=generator)).to(latents.device)
    decoded = vae.decode(latents + noise).sample.float()
    loss = (decoded - pixels).abs().mean()
    for axis in (2, 3):
        loss = loss + (decoded.diff(dim=axis) - pixels.diff(dim=axis)).abs().mean()
    mean, std = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    return loss + 0.02 * (mean.square() + (std - 1).square()).mean()


def train_vae(vae: Any, images: np.ndarray, steps: int, seed: int, lr: float = 2e-3) -> None:
    """Train in place, where `vae` is. `images`: (N, 64, 64, 3) uint8."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    vae.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(vae.parameters(), lr, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)
    started = time.monotonic()
    for step in range(steps):
        rows = torch.randint(len(images), (BATCH,), generator=generator).numpy()
        with autocast(vae.device.type):
            loss = vae_loss(vae, to_pixels(images[rows], vae.device), generator)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 50 == 49:
            seconds = time.monotonic() - started
            log.info("vae step %d loss %.4f %.0f s", step + 1, loss.item(), seconds)
    vae.eval()


def encode_all(vae: Any, images: np.ndarray, batch: int = 64) -> np.ndarray:
    """Latents of all images: (N, 16, 16, 16) float16."""
    import torch

    parts = []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            pixels = to_pixels(images[start : start + batch], vae.device)
            parts.append(vae.encode(pixels).latents.half().cpu().numpy())
    return np.concatenate(parts)


def reconstruct(vae: Any, images: np.ndarray, batch: int = 64) -> np.ndarray:
    """Images through the autoencoder and back, (N, 64, 64, 3) uint8."""
    import torch

    parts = []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            latents = vae.encode(to_pixels(images[start : start + batch])).latents
            pixels = vae.decode(latents).sample.add(1).mul(127.5).round().clamp(0, 255)
            parts.append(pixels.permute(0, 2, 3, 1).to(torch.uint8).numpy())
    return np.concatenate(parts)
