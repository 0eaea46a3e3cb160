"""What a rehearsal changes in the config of a build."""

from pathlib import Path
from typing import Any

from joppo.data.synthesis.checkpoint_files import EMBEDDED as TINY_DIFFUSION
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.flows.build_config import BuildSftDataConfig, SynthesisSection
from joppo.training.rehearsal.changes import Change
from joppo.training.rehearsal.paths import placed
from joppo.training.rehearsal.settings import Settings

LEAST_IMAGES = 2
TINY_SIDE = 64
"""short side of the images that the tiny diffusion model makes"""


def build_changes(
    c: BuildSftDataConfig, values: dict[str, Any], base: Path, s: Settings, depth: Path
) -> list[Change]:
    """Changes of build-sft-data.yaml.

    Args:
        values: of the config as it is written.
        base: the folder that its paths start from.
        depth: folder of the tiny depth model.
    """
    changes = [
        Change(key, placed(values[key], base, s.datasets), "place")
        for key in ("source", "sources")
        if key in values
    ]
    changes.append(Change("sample", s.photos, "size"))
    if c.synthesis is not None:
        changes += _synthesis(c.synthesis, s, depth)
    if s.offline and c.teachers is not None:
        changes += [Change("reasoning.routes", _grounded(c), "offline")]
        changes += [Change("teachers", None, "offline")]
    elif c.teachers is not None:
        changes.append(Change("teachers.budget_usd", s.usd, "size"))
    return changes


def _grounded(c: BuildSftDataConfig) -> list[dict[str, Any]]:
    """The routes, each to the grounded teacher; parameters are those of the teacher before."""
    kept = [
        {"weight": one.weight, "templates": list(one.templates)} if one.teacher else one.as_dict()
        for one in c.reasoning.routes
    ]
    return list({str(route): route for route in kept}.values())


def _synthesis(c: SynthesisSection, s: Settings, depth: Path) -> list[Change]:
    most = max(LEAST_IMAGES, s.photos // 6)
    # A few photos of each category have no long tail: without targets nothing would be made.
    wanted = dict.fromkeys(CATEGORIES, max(LEAST_IMAGES, s.photos // 12))
    changes = [
        Change("synthesis.plan.max_total", min(most, c.plan.max_total or most), "size"),
        Change("synthesis.plan.targets", wanted, "size"),
    ]
    if s.tiny:
        changes += [
            Change("synthesis.pipeline.model", TINY_DIFFUSION, "tiny"),
            Change("synthesis.pipeline.controlnets", {}, "tiny"),
            Change("synthesis.control.size", TINY_SIDE, "tiny"),
        ]
        if c.control.depth_model is not None:
            changes.append(Change("synthesis.control.depth_model", str(depth), "tiny"))
    if not s.gpus:
        for key, device in (("control", c.control.device), ("pipeline", c.pipeline.device)):
            if device.startswith("cuda"):
                changes.append(Change(f"synthesis.{key}.device", "cpu", "machine"))
        if c.pipeline.dtype in ("float16", "bfloat16"):
            changes.append(Change("synthesis.pipeline.dtype", "auto", "machine"))
    return changes
