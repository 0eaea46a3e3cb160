"""Fractal noise that shows the same pattern at every render size.

Tiles are periodic and come from fixed seeds, so a render only reads them through an affine or a
perspective map; smaller renders read a smaller mip level instead of aliasing.
"""

from functools import lru_cache

import cv2
import numpy as np

from joppo.data.scenes.scenery.mood import Array

TILE = 512


@lru_cache(maxsize=32)
def tile(beta: float, level: int = 0) -> Array:
    """(512 >> level) square periodic noise, float32, mean 0, clipped to [-1, 1] at 2.5 sigma.

    `beta` is the amplitude's fall-off over frequency: 0.5 grainy, 1 natural, 1.8 cloud-like.
    """
    if level:
        upper = tile(beta, level - 1)
        half = upper.shape[0] // 2
        return upper.reshape(half, 2, half, 2).mean(axis=(1, 3)).astype(np.float32)
    rng = np.random.Generator(np.random.PCG64(int(beta * 100) + 7))
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE)))
    fy, fx = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]
    radius = np.hypot(fx, fy)
    radius[0, 0] = 1.0
    spectrum *= np.maximum(radius, 1.5 / TILE) ** -beta
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(TILE, TILE))
    return np.clip(field / (2.5 * field.std()), -1, 1).astype(np.float32)


def _level(texels_per_pixel: float) -> int:
    return int(np.clip(np.round(np.log2(max(texels_per_pixel, 1.0))), 0, 5))


def plane(
    n: int,
    rng: np.random.Generator,
    beta: float = 1.0,
    scale: float = 0.5,
    stretch: tuple[float, float] = (1.0, 1.0),
    angle: float = 0.0,
) -> Array:
    """(n, n) noise in [-1, 1]; `scale` tiles fit in the frame, `stretch` scales x and y."""
    off = rng.uniform(0, 1, 2)
    texels = TILE * scale / n
    level = _level(texels * min(stretch))
    size = TILE >> level
    step = size * scale / n
    c, s = np.cos(angle), np.sin(angle)
    m = np.array(
        [
            [c * step * stretch[0], s * step * stretch[0], off[0] * size],
            [-s * step * stretch[1], c * step * stretch[1], off[1] * size],
        ]
    )
    return cv2.warpAffine(
        tile(beta, level),
        m,
        (n, n),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_WRAP,
    )


def floor(
    n: int,
    rng: np.random.Generator,
    horizon: float,
    beta: float = 0.8,
    scale: float = 0.35,
    stretch: float = 1.0,
    vx: float = 0.5,
) -> Array:
    """(n, n) noise lying on the ground plane below `horizon`, 0 above; faded where it aliases."""
    off = rng.uniform(0, 1, 2)
    y = (np.arange(n, dtype=np.float32)[:, None] + 0.5) / n
    x = (np.arange(n, dtype=np.float32)[None] + 0.5) / n
    below = np.maximum(y - horizon, 1e-3) / max(1 - horizon, 0.05)
    z = 1 / below
    level = _level(TILE * scale / n)
    size = TILE >> level
    u = ((x - vx) * z * scale + off[0]) * size
    v = np.broadcast_to((z * scale * stretch + off[1]) * size, (n, n))
    u, v = np.mod(u, size).astype(np.float32), np.mod(v, size).astype(np.float32)
    out = cv2.remap(tile(beta, level), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return out * np.clip((y - horizon) * 6, 0, 1) ** 0.7
