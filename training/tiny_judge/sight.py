"""A procedural scene as the lessons use it: its image, and what may be said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from joppo.data.photos.claims import claims
from joppo.data.photos.measure import Facts, measure
from joppo.data.scenes.scene import Scene, render_scene

PARTS = (
    "upper left",
    "upper middle",
    "upper right",
    "middle left",
    "central",
    "middle right",
    "lower left",
    "lower middle",
    "lower right",
)
_FILLS, _HOLDS, _VISIBLE = 0.3, 0.12, 0.004
"""A part holds the subject if it is filled by so much, or with so much of what is visible of it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A scene as the lessons use it: the image and what may be said about it."""

    name: str
    image: np.ndarray
    attributes: Mapping[str, float]
    words: Mapping[str, str]
    facts: Facts
    parts: tuple[str, ...]
    """parts of the frame that hold the subject"""
    claims: Mapping[str, str] = field(default_factory=dict)


def see(category: int, seed: int, size: int) -> Sight:
    """Render a scene and measure it."""
    return sight_of(render_scene(category, seed, size), f"{category}-{seed}")


def sight_of(scene: Scene, name: str) -> Sight:
    """What the lessons may say of a scene."""
    facts = measure(scene.image)
    filled = cv2.resize(scene.subject, (3, 3), interpolation=cv2.INTER_AREA).reshape(-1)
    held = (filled >= _FILLS) | (filled >= max(_HOLDS * filled.sum(), _VISIBLE))
    parts = tuple(part for part, there in zip(PARTS, held, strict=True) if there)
    return Sight(name, scene.image, scene.attributes, scene.words, facts, parts, claims(facts))
