"""Checks before training starts: each refusal names the value to change."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from data.store import Store
from training.config import JoppoConfig, SftConfig, TrainConfig

_GIB = 1024**3


class PreflightError(ValueError):
    """Training would fail or do nothing; the message lists every problem with its remedy."""


def check(problems: Iterable[str]) -> None:
    """Raise for all problems at once.

    Raises:
        PreflightError: there is a problem.
    """
    found = list(problems)
    if found:
        raise PreflightError("; ".join(found))


def sft_problems(config: SftConfig, rows: int) -> list[str]:
    """Problems of batch and data of the SFT stage."""
    chunk = config.per_device_batch * config.launch.processes
    problems = []
    if config.batch % chunk:
        problems.append(
            f"batch {config.batch} is not divisible by per_device_batch x processes = {chunk}: "
            f"use a batch of {max(1, config.batch // chunk) * chunk}"
        )
    if rows < config.batch:
        problems.append(
            f"{rows} conversations are fewer than one batch of {config.batch}: lower batch, raise "
            "task_weights or build a larger snapshot"
        )
    return problems


def joppo_problems(config: JoppoConfig, rows: int) -> list[str]:
    """Problems of batch and data of the JoPPO stage."""
    completions = config.photos * config.group
    chunk = config.per_device_batch * config.launch.processes
    problems = []
    if completions % chunk:
        problems.append(
            f"photos x group = {completions} completions are not divisible by per_device_batch x "
            f"processes = {chunk}: change per_device_batch or photos"
        )
    elif (completions // chunk) % config.updates_per_batch:
        problems.append(
            f"{completions // chunk} forward passes per batch are not divisible by "
            f"updates_per_batch {config.updates_per_batch}"
        )
    if rows < config.photos:
        problems.append(
            f"{rows} prompts are fewer than one batch of {config.photos} photos, which trains zero "
            "steps: lower photos, raise task_weights or build a larger snapshot"
        )
    window = config.updates_per_batch * config.iterations
    if config.save_steps % window:
        problems.append(
            f"save_steps {config.save_steps} falls inside a window of {window} steps on the same "
            f"completions, which cannot be resumed: use a multiple of {window}"
        )
    return problems


def launch_problems(config: TrainConfig, world: int) -> list[str]:
    """Whether as many processes run as were asked for; some launchers start fewer in silence."""
    if world == config.launch.processes:
        return []
    return [
        f"{world} processes run where launch.processes asks for {config.launch.processes}: check "
        "the launcher and its YAML (launch.accelerate)"
    ]


def data_problems(rows: Sequence[dict[str, Any]], store: Store, limit: int = 5) -> list[str]:
    """Photos of the training rows that are not in the store."""
    uris = sorted({u for row in rows for u in (row["uri"], row.get("second_uri")) if u})
    missing = [uri for uri in uris if not store.exists(uri)]
    if not missing:
        return []
    named = ", ".join(missing[:limit])
    return [
        f"{len(missing)} of {len(uris)} photos are not in store {store.root} ({named}): put them "
        "back or publish a snapshot without them"
    ]


def disk_problems(folder: Path, adapter_bytes: int, keep: int) -> list[str]:
    """Room for checkpoints: adapter, two moments of AdamW, and one more while saving."""
    needed = 3 * adapter_bytes * (keep + 1)
    free = shutil.disk_usage(_existing(folder)).free
    if free >= needed:
        return []
    return [
        f"{folder} has {free / _GIB:.1f} GiB free, checkpoints need {needed / _GIB:.1f} GiB: free "
        "space, lower keep_checkpoints, or set JOPPO_RUNS to a larger disk"
    ]


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def memory_estimate(model: Any, config: TrainConfig) -> dict[str, float]:
    """GiB of weights, and of gradients and moments of what is trained; no activations."""
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    states = trained * 4 * 3
    return {"weights": weights / _GIB, "training_states": states / _GIB}


def memory_problems(model: Any, config: TrainConfig) -> list[str]:
    """Whether weights and training states fit into one GPU, where there is one."""
    import torch

    if config.launch.cpu or not torch.cuda.is_available():
        return []
    needed = sum(memory_estimate(model, config).values())
    total = torch.cuda.get_device_properties(0).total_memory / _GIB
    if needed < total:
        return []
    return [
        f"weights and training states need {needed:.1f} GiB, the GPU has {total:.1f} GiB: shard "
        "with FSDP or DeepSpeed (launch.accelerate), or take a smaller base or LoRA rank"
    ]
