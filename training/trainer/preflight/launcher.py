"""The YAML of `accelerate` that a config names: is it there, and what does it start?"""

from importlib.util import find_spec
from pathlib import Path

import yaml

from joppo.training.config import LaunchConfig


def launcher_problems(launch: LaunchConfig) -> list[str]:
    """Problems of the accelerate YAML."""
    if launch.accelerate is None:
        return []
    path = Path(launch.accelerate)
    if not path.is_file():
        return [f"launch.accelerate: no file {path}; the repository's are in configs/accelerate/"]
    if launch.cpu:
        return ["launch.accelerate is for GPUs: leave it out where launch.cpu is set"]
    if distributed_type(launch) == "DEEPSPEED" and find_spec("deepspeed") is None:
        return [f"{path} needs DeepSpeed: `pip install deepspeed`, or take ddp.yaml or fsdp.yaml"]
    return []


def known_type(launch: LaunchConfig) -> str | None:
    """`distributed_type`, or None without a YAML; `launcher_problems` reports a missing one."""
    return distributed_type(launch) if Path(launch.accelerate or "").is_file() else None


def distributed_type(launch: LaunchConfig) -> str:
    """DEEPSPEED, FSDP, MULTI_GPU or NO, as in the accelerate YAML."""
    if launch.accelerate is None:
        return "NO"
    values = yaml.safe_load(Path(launch.accelerate).read_text(encoding="utf-8"))
    return str(values.get("distributed_type", "NO"))
