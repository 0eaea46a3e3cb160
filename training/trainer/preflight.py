"""Checks before training starts: each refusal names the value to change.

`before_launch` looks at config, rows and photos, in the process that starts the training processes;
these look at what only they can see (devices, memory, disk), in `training.session`.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig, TrainConfig
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.examples import Row, training_rows
from joppo.training.trainer.vllm_guard import missing_vllm

_GIB = 1024**3
_READERS = 8
_NAMED = 5


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


def before_launch(run: Run, seen: Callable[[int, int], None] = lambda done, of: None) -> None:
    """All that can be known without a training process; `seen` follows the reading of photos.

    Raises:
        PreflightError: with every problem.
        SnapshotError: the snapshot has no row of the wanted tasks.
    """
    rows = training_rows(run)
    check(
        [
            *config_problems(run.config, rows),
            *launcher_problems(run.config.launch),
            *photo_problems(rows, run.store, seen),
        ]
    )


def config_problems(config: TrainConfig, rows: Sequence[Row]) -> list[str]:
    """Problems of batch, mixture and schedule; cheap."""
    return [*_stage_problems(config, rows), *_held_out_problems(config)]


def _stage_problems(config: TrainConfig, rows: Sequence[Row]) -> list[str]:
    if isinstance(config, JoppoConfig):
        return [*_joppo_batch(config, len(rows)), *_scored_photos(config, rows)]
    assert isinstance(config, SftConfig)
    return _sft_batch(config, len(rows))


def _sft_batch(config: SftConfig, rows: int) -> list[str]:
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


def _joppo_batch(config: JoppoConfig, rows: int) -> list[str]:
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
    return [*problems, *_spread_problems(config)]


def _spread_problems(config: JoppoConfig) -> list[str]:
    """Weights that lie in pieces on several devices cannot be merged in place."""
    kind = _known_type(config.launch)
    if not config.merge_rollouts or kind not in ("FSDP", "DEEPSPEED"):
        return []
    return [f"merge_rollouts with {kind}: no process has whole weights; set it to false"]


def _held_out_problems(config: TrainConfig) -> list[str]:
    """One process generates the held-out answers, which a sharded model cannot do."""
    if not config.eval_rows or _known_type(config.launch) != "FSDP":
        return []
    return [
        "with FSDP no process has the whole judge to answer held-out rows: set eval_rows to 0, and "
        "evaluate the finished model"
    ]


def _scored_photos(config: JoppoConfig, rows: Sequence[Row]) -> list[str]:
    """The preference reward compares photos: a batch needs two that people scored."""
    if not config.task_weights.get("score") or not rows:
        return []
    scored = [row for row in rows if row["task"] == "score"]
    if len({row["uri"] for row in scored}) < 2:
        return [
            "fewer than two scored photos: build the snapshot from a dataset with scores (MOS), or "
            "set task_weights.score to 0"
        ]
    usual = config.photos * len(scored) / len(rows)
    if usual >= 2:
        return []
    wanted = -(-2 * len(rows) // len(scored))
    return [
        f"of {config.photos} photos a batch about {usual:.1f} are scored, and the preference "
        f"reward compares at least two: raise photos to {wanted}, or task_weights.score"
    ]


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


def _known_type(launch: LaunchConfig) -> str | None:
    """`distributed_type`, or None without a YAML; that one is missing is told elsewhere."""
    return distributed_type(launch) if Path(launch.accelerate or "").is_file() else None


def distributed_type(launch: LaunchConfig) -> str:
    """DEEPSPEED, FSDP, MULTI_GPU or NO, as the accelerate YAML says."""
    if launch.accelerate is None:
        return "NO"
    values = yaml.safe_load(Path(launch.accelerate).read_text(encoding="utf-8"))
    return str(values.get("distributed_type", "NO"))


def photo_problems(
    rows: Sequence[dict[str, Any]], store: Store, seen: Callable[[int, int], None]
) -> list[str]:
    """Photos of the training rows that are gone or damaged; every one is read.

    A photo is named by the hash of its bytes and was decoded when it came into the store, so the
    same bytes are readable still; one that has another name is decoded.
    """
    uris = sorted({u for row in rows for u in (row["uri"], row.get("second_uri")) if u})
    bad: list[str] = []
    with ThreadPoolExecutor(_READERS) as pool:
        for number, fault in enumerate(pool.map(lambda uri: _fault(store, uri), uris), start=1):
            seen(number, len(uris))
            if fault:
                bad.append(fault)
    if not bad:
        return []
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return [
        f"{len(bad)} of {len(uris)} photos in store {store.root} cannot be read "
        f"({', '.join(bad[:_NAMED])}{more}): put them back or publish a snapshot without them"
    ]


def _fault(store: Store, uri: str) -> str | None:
    try:
        content = store.read_bytes(uri)
    except FileNotFoundError:
        return f"{uri} is missing"
    if sha256(content) == Path(uri).stem:
        return None
    try:
        load_photo(content)
    except PhotoError as error:
        return f"{uri} is damaged ({error})"
    return None


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
        "space, lower keep_checkpoints, or set JOPPO_RUNS to a larger disk"
    ]


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def memory_problems(config: TrainConfig, needed_gib: float) -> list[str]:
    """Whether a run that takes `needed_gib` (training.memory) fits into one GPU."""
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
