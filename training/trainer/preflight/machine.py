"""Does this machine have what a run needs: processes, GPUs, trackers, disk, memory?"""

import shutil
from pathlib import Path

from joppo.training.config import JoppoConfig, TrainConfig
from joppo.training.trainer.preflight.launcher import distributed_type
from joppo.training.trainer.vllm_guard import missing_vllm

_GIB = 1024**3


def process_problems(config: TrainConfig, world: int) -> list[str]:
    """Whether as many processes run as were asked for; some launchers start fewer in silence."""
    if world == config.launch.processes:
        return []
    return [
        f"{world} processes run where launch.processes asks for {config.launch.processes}: check "
        "the launcher and its YAML (launch.accelerate)"
    ]


def device_problems(config: TrainConfig) -> list[str]:
    """Whether this machine has the GPUs, the number format and the sampler that are asked for."""
    import torch

    if config.launch.cpu:
        return _cpu_problems(config)
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpus < config.launch.processes:
        return [
            f"{config.launch.processes} GPUs are asked for, {gpus} are here: lower "
            "launch.processes, or set launch.cpu and bf16: false (the embedded profile does)"
        ]
    problems = []
    if config.bf16 and not torch.cuda.is_bf16_supported():
        name = torch.cuda.get_device_name(0)
        problems.append(f"{name} has no bfloat16: set bf16: false (which takes twice the memory)")
    if isinstance(config, JoppoConfig) and config.rollouts == "vllm":
        if missing := missing_vllm():
            problems.append(missing)
        elif distributed_type(config.launch) == "FSDP":
            problems.append("vLLM cannot take over weights from FSDP: use ddp.yaml or zero2.yaml")
    return problems


def _cpu_problems(config: TrainConfig) -> list[str]:
    problems = []
    if config.bf16:
        problems.append(
            "bf16: true with launch.cpu: a CPU trains in float32 here, so set bf16: false, or take "
            "a machine with a GPU and launch.cpu: false"
        )
    if isinstance(config, JoppoConfig) and config.rollouts == "vllm":
        problems.append("rollouts: vllm needs a GPU: set rollouts: transformers")
    return problems


def tracker_problems(config: TrainConfig) -> list[str]:
    """Trackers that are not installed, or that transformers does not know."""
    from transformers.integrations import get_available_reporting_integrations

    missing = sorted(set(config.report_to) - set(get_available_reporting_integrations()))
    if not missing:
        return []
    return [f"report_to: {', '.join(missing)}: `pip install` them, or leave them out"]


def disk_problems(folder: Path, adapter_bytes: int, keep: int) -> list[str]:
    """Room for checkpoints: adapter, two moments of AdamW, and one more while saving."""
    needed = 3 * adapter_bytes * (keep + 1)
    free = shutil.disk_usage(_existing(folder)).free
    if free >= needed:
        return []
    return [
        f"{folder} has {free / _GIB:.1f} GiB free, checkpoints need {needed / _GIB:.1f} GiB: free "
        "space, lower keep_checkpoints, or move the folder of the runs to a larger disk and set "
        "JOPPO_RUNS to it"
    ]


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def memory_problems(config: TrainConfig, needed_gib: float) -> list[str]:
    """Whether a run that takes `needed_gib` (training.trainer.memory) fits into one GPU."""
    import torch

    if config.launch.cpu or not torch.cuda.is_available() or not config.launch.memory_check:
        return []
    has = torch.cuda.get_device_properties(0).total_memory / _GIB
    if needed_gib < has:
        return []
    return [
        f"about {needed_gib:.0f} GiB are needed, the GPU has {has:.0f}: lower rollout_batch, "
        "per_device_batch, photos or max_pixels, shard with FSDP (launch.accelerate), or set "
        "launch.memory_check: false to try all the same"
    ]
