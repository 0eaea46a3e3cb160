"""What a rehearsal changes in the configs of the two trainings.

Batches become as small as the rehearsal's corpus asks for; what decides how much memory a device
needs (sequences of one forward pass, pixels, lengths of answers) stays where the machine allows it.
"""

from collections.abc import Iterator

from joppo.training.config import EMBEDDED, JoppoConfig, SftConfig, TrainConfig
from joppo.training.rehearsal.changes import Change
from joppo.training.rehearsal.settings import Settings

LEAST_PHOTOS = 6
"""photos of a reward batch at least: two of them are to be scored"""
HELD_OUT_ROWS = 8


def sft_changes(c: SftConfig, s: Settings) -> list[Change]:
    """Changes of train-sft.yaml."""
    changes = [*_common(c, s)]
    processes = _processes(c, s)
    batch = max(processes, min(c.batch, s.photos // 3))
    batch -= batch % processes
    changes.append(Change("batch", batch, "size"))
    changes.append(_per_device(c, batch // processes))
    if s.tiny:
        changes.append(Change("base", EMBEDDED, "tiny"))
    return changes


def joppo_changes(c: JoppoConfig, s: Settings) -> list[Change]:
    """Changes of train-joppo.yaml."""
    changes = [*_common(c, s)]
    window = c.updates_per_batch * c.iterations
    processes = _processes(c, s)
    step = processes * c.updates_per_batch
    photos = min(c.photos, max(LEAST_PHOTOS, s.photos // 6))
    while photos * c.group % step:
        photos += 1
    changes += [
        Change("photos", photos, "size"),
        _per_device(c, photos * c.group // step),
        Change("max_steps", s.steps * window, "size"),
        Change("sample_steps", 1, "size"),
        Change("health_steps", 1, "size"),
    ]
    if s.tiny:
        changes.append(Change("base", EMBEDDED, "tiny"))
    if c.rollouts == "vllm" and not s.gpus:
        changes.append(Change("rollouts", "transformers", "machine"))
    return changes


def _common(c: TrainConfig, s: Settings) -> Iterator[Change]:
    yield Change("max_steps", s.steps, "size")
    yield Change("log_steps", 1, "size")
    yield Change("eval_rows", min(c.eval_rows, HELD_OUT_ROWS), "size")
    if s.tiny and c.max_pixels is not None:
        # The tiny judge was made for small pictures, and says nothing readable of large ones.
        yield Change("max_pixels", None, "tiny")
    processes = _processes(c, s)
    if processes != c.launch.processes:
        yield Change("launch.processes", processes, "machine")
    if c.launch.accelerate is not None and processes == 1:
        yield Change("launch.accelerate", None, "machine")
    if not s.gpus:
        yield Change("launch.cpu", True, "machine")
        yield Change("launch.threads", max(c.launch.threads, s.cores), "machine")
        if c.bf16:
            yield Change("bf16", False, "machine")
        if c.attention == "flash_attention_2":
            yield Change("attention", "sdpa", "machine")


def _processes(c: TrainConfig, s: Settings) -> int:
    return max(1, min(c.launch.processes, s.gpus))


def _per_device(c: TrainConfig, most: int) -> Change:
    """The largest number of sequences that divides `most` and is not above the config's."""
    fitting = max(n for n in range(1, min(c.per_device_batch, most) + 1) if most % n == 0)
    return Change("per_device_batch", fitting, "size")
