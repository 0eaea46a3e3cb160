"""The memory estimate follows from shapes: its parts are those one can count by hand."""

from typing import Any

import pytest
import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from benchmarks.judge_shapes import qwen_7b
from joppo.flows.config import load_config
from joppo.training.config import JoppoConfig, LaunchConfig, LoraSettings, SftConfig
from joppo.training.models.base_model import lora_config
from joppo.training.trainer.memory import GIB, Shape, estimate, shape_of, total
from tests.paths import CONFIGS


@pytest.fixture(scope="module")
def shape() -> Shape:
    """Qwen2.5-VL-7B with the LoRA of the paper, without its 15 GiB."""
    from peft import get_peft_model

    with torch.device("meta"):
        model: Any = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**qwen_7b()))
        return shape_of(get_peft_model(model, lora_config(LoraSettings())))


def test_the_shape_is_that_of_the_judge(shape: Shape) -> None:
    adapter = 161_480_704
    assert shape.trained == adapter
    assert shape.parameters - adapter == 8_292_166_656
    assert (shape.layers, shape.key_width, shape.patch_values) == (28, 512, 1176)


def test_parts_by_hand(shape: Shape) -> None:
    config = JoppoConfig(photos=32, per_device_batch=2, rollout_batch=8, max_completion_length=384)
    parts = estimate(shape, config, pixels=602_112)
    assert parts["weights"] == pytest.approx(2 * (8_292_166_656 + 161_480_704) / GIB)
    assert parts["reference adapter"] == pytest.approx(4 * 161_480_704 / GIB)
    assert parts["photos of a batch"] == pytest.approx(32 * 6 * 3072 * 1176 * 4 / GIB)
    assert total(parts) < sum(parts.values())
    cache = 8 * (768 + 256 + 384) * 28 * 2 * 512 * 2 / GIB
    assert cache < parts["rollout"] < cache + 3


_SHARED = {"share_prompts": True, "merge_rollouts": True, "gradient_checkpointing": False}


@pytest.mark.parametrize(
    ("config", "gib"),
    [
        (SftConfig(per_device_batch=2, max_completion_length=128), 19.5),
        (
            JoppoConfig(photos=8, per_device_batch=2, rollout_batch=48, max_completion_length=128),
            33.3,
        ),
        (
            JoppoConfig(
                photos=8, per_device_batch=6, rollout_batch=48, max_completion_length=128, **_SHARED
            ),
            54.7,
        ),
        (
            JoppoConfig(
                photos=32,
                per_device_batch=6,
                rollout_batch=96,
                max_completion_length=128,
                **_SHARED,
            ),
            62.1,
        ),
    ],
)
def test_it_comes_near_what_an_h100_took(
    shape: Shape, config: SftConfig | JoppoConfig, gib: float
) -> None:
    """Measured peaks of benchmarks/results/gpu.md."""
    assert total(estimate(shape, config, pixels=602_112)) == pytest.approx(gib, rel=0.15)


def test_the_copies_of_merged_rollouts_are_counted(shape: Shape) -> None:
    how: dict[str, Any] = {"photos": 8, "per_device_batch": 2, "rollout_batch": 48}
    plain, merging = (
        estimate(shape, JoppoConfig(**how, merge_rollouts=merge), pixels=602_112)["rollout"]
        for merge in (False, True)
    )
    weights = 28 * (2 * 3584 * (3584 + 512) + 3 * 3584 * 18944)
    assert merging - plain == pytest.approx(2 * weights / GIB)


def test_each_remedy_helps(shape: Shape) -> None:
    def needed(pixels: int = 602_112, share: float = 1.0, **change: Any) -> float:
        values: dict[str, Any] = {"photos": 64, "per_device_batch": 4, "rollout_batch": 64}
        return total(estimate(shape, JoppoConfig(**(values | change)), pixels, share))

    usual = needed()
    assert needed(rollout_batch=8) < usual
    assert needed(photos=16) < usual
    assert needed(pixels=200_704) < usual
    assert needed(per_device_batch=12, share_prompts=True, gradient_checkpointing=False) < needed(
        per_device_batch=12, gradient_checkpointing=False
    )
    assert needed(share=0.25) < usual - 10
    assert needed(rollout_batch=8, per_device_batch=1) < needed(rollout_batch=8)
    assert needed(rollout_batch=None) > needed(rollout_batch=64)
    assert needed(launch=LaunchConfig(processes=8)) < usual


@pytest.mark.parametrize("name", ["train-sft", "train-joppo"])
@pytest.mark.parametrize(("profile", "gib"), [("single-gpu", 40), ("paper", 80)])
def test_the_profiles_fit_their_gpu(shape: Shape, profile: str, gib: int, name: str) -> None:
    kind: Any = SftConfig if name == "train-sft" else JoppoConfig
    config = load_config(kind, CONFIGS / profile / f"{name}.yaml")
    assert total(estimate(shape, config, config.max_pixels)) < 0.9 * gib


@pytest.mark.parametrize(
    ("rollout_batch", "lower"),
    [
        (1, {"per_device_batch": 2}),
        (512, {"rollout_batch": 24}),
        (512, {"photos": 4}),
        (512, {"pixels": 300_000}),
    ],
)
def test_what_a_refusal_advises_to_lower_needs_less(
    shape: Shape, rollout_batch: int, lower: dict[str, int]
) -> None:
    """Of training and sampling the larger one counts: each value lowers its own part."""
    values = {"photos": 512, "per_device_batch": 8, "pixels": 602_112}
    values |= {"rollout_batch": rollout_batch}

    def needed(pixels: int, **how: Any) -> float:
        config = JoppoConfig(**how)
        return total(estimate(shape, config, pixels=pixels))

    assert needed(**values | lower) < needed(**values)
