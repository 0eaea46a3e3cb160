"""The stages of training: SFT, and reinforcement learning of the recipe and its ablations."""

from collections.abc import Iterable

from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.counts import CapacityError, Counts
from joppo.training.capacity.recipe import Recipe, Variant
from joppo.training.capacity.stage_row import GB, HOUR_S, StageRow, hours_on_gpus
from joppo.training.config import JoppoConfig

JOPPO, ABLATION = "joppo", "ablation "
"""steps of the recipe's own reinforcement learning, and how those of its ablations begin"""
# Pixels of a visual token's side: 2 x 2 patches of 14 (Qwen2.5-VL).
_TOKEN_SIDE = 28
_SFT_BASIS = (
    "gpus.sft_tokens_per_s",
    "texts.photos_per_prompt",
    "texts.judge_prompt_tokens",
    "texts.judge_answer_tokens",
    "gpus.efficiency",
    "disk.checkpoint",
    "disk.adapter",
)
_JOPPO_BASIS = ("gpus.joppo_completion_s", "gpus.efficiency", "disk.checkpoint", "disk.adapter")


def training_stages(recipe: Recipe, counts: Counts, config: CapacityConfig) -> Iterable[StageRow]:
    """Every variant with every seed, the recipe itself first.

    Raises:
        CapacityError: SFT has no `max_pixels`.
    """
    if recipe.sft_runs:
        yield _sft(recipe, counts, config)
    for variant in sorted(recipe.variants, key=lambda one: one.name != recipe.full):
        if variant.joppo is not None:
            yield _joppo(variant, variant.joppo, recipe, counts, config)


def _sft(recipe: Recipe, counts: Counts, config: CapacityConfig) -> StageRow:
    """Runs after each other."""
    runs, gpus = recipe.sft_runs, recipe.sft.launch.processes
    tokens = runs * counts.conversations * _conversation_tokens(recipe, config)
    gpu_s = tokens / config.gpus.sft_tokens_per_s.value
    return StageRow(
        "sft",
        "SFT",
        runs * counts.conversations,
        "conversations",
        gpu_hours=gpu_s / HOUR_S,
        gpus=gpus,
        disk_gb=runs * _run_disk(recipe.sft.keep_checkpoints, config),
        hours=hours_on_gpus(gpu_s, gpus, config),
        basis=_SFT_BASIS,
    )


def _conversation_tokens(recipe: Recipe, config: CapacityConfig) -> float:
    pixels, texts = recipe.sft.max_pixels, config.texts
    if pixels is None:
        raise CapacityError(
            "train-sft.yaml: max_pixels is not set, so the tokens of a photo are not known; set it"
        )
    visual = pixels / _TOKEN_SIDE**2 * texts.photos_per_prompt.value
    return visual + texts.judge_prompt_tokens.value + texts.judge_answer_tokens.value


def _joppo(
    variant: Variant, joppo: JoppoConfig, recipe: Recipe, counts: Counts, config: CapacityConfig
) -> StageRow:
    """Runs after each other; every pass over a batch after the first costs as much again, which is
    an upper estimate."""
    full = variant.name == recipe.full
    completions = recipe.seeds * counts.completions[variant.name]
    gpu_s = completions * joppo.iterations * config.gpus.joppo_completion_s.value
    gpus = joppo.launch.processes
    return StageRow(
        JOPPO if full else f"{ABLATION}{variant.name}",
        "JoPPO" if full else f"ablation: {variant.name}",
        completions,
        "completions",
        gpu_hours=gpu_s / HOUR_S,
        gpus=gpus,
        disk_gb=recipe.seeds * _run_disk(joppo.keep_checkpoints, config),
        hours=hours_on_gpus(gpu_s, gpus, config),
        basis=_JOPPO_BASIS,
    )


def _run_disk(checkpoints: int, config: CapacityConfig) -> float:
    return (checkpoints * config.disk.checkpoint.value + config.disk.adapter.value) / GB
