"""The vision tower as scoring runs it computes what transformers' modules compute."""

from typing import Any

import pytest
import torch

from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.local_model import load
from joppo.training.judges.vision_model import VisionModel, vision_of


@pytest.fixture(scope="module")
def embedded() -> Any:
    return load(LocalJudgeConfig())[0].model.visual


def windowed() -> Any:
    """A random tower with windows of 2 x 2 tokens in all layers but one."""
    from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
        Qwen2_5_VisionTransformerPretrainedModel,
    )

    torch.manual_seed(1)
    config = Qwen2_5_VLVisionConfig(
        depth=3,
        hidden_size=32,
        intermediate_size=48,
        num_heads=4,
        patch_size=4,
        window_size=16,
        out_hidden_size=24,
        fullatt_block_indexes=[1],
    )
    made = Qwen2_5_VisionTransformerPretrainedModel(config).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def older() -> Any:
    from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLVisionConfig
    from transformers.models.qwen2_vl.modeling_qwen2_vl import (
        Qwen2VisionTransformerPretrainedModel,
    )

    torch.manual_seed(1)
    config = Qwen2VLVisionConfig(
        depth=1, embed_dim=16, hidden_size=24, num_heads=2, patch_size=4, mlp_ratio=2
    )
    return Qwen2VisionTransformerPretrainedModel(config).eval()


@torch.inference_mode()
def same(visual: Any, grid: tuple[int, int]) -> None:
    torch.manual_seed(0)
    patch = visual.config.patch_size
    pixels = torch.randn(grid[0] * grid[1], 3 * 2 * patch**2)
    grids = torch.tensor([[1, *grid]])
    wanted = visual(pixels, grid_thw=grids).pooler_output
    torch.testing.assert_close(vision_of(visual)(pixels, grids), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("grid", [(2, 2), (8, 8), (8, 10), (18, 4)])
def test_the_embedded_judge_s_tower(embedded: Any, grid: tuple[int, int]) -> None:
    same(embedded, grid)


@pytest.mark.parametrize("grid", [(2, 2), (4, 4), (6, 10), (8, 14), (10, 4)])
def test_windows_of_all_sizes(grid: tuple[int, int]) -> None:
    """A grid that windows do not divide has whole, narrow, low and corner ones."""
    same(windowed(), grid)


def test_qwen2_vl_keeps_its_own() -> None:
    visual = older()
    assert not isinstance(vision_of(visual), VisionModel)
    same(visual, (4, 6))


@torch.inference_mode()
def test_grids_do_not_mix(embedded: Any) -> None:
    """The layouts that are kept belong to their grids, turned ones too."""
    tower = VisionModel(embedded)
    torch.manual_seed(0)
    pixels = torch.randn(40, embedded.patch_embed.proj.weight[0].numel())
    wide, high = torch.tensor([[1, 4, 10]]), torch.tensor([[1, 10, 4]])
    first = tower(pixels, wide)
    assert not torch.allclose(tower(pixels, high), first)
    assert torch.equal(tower(pixels, wide), first)
