"""A depth model of the real class with random weights, in a second: what `--tiny` takes for MiDaS.

It is a DPT, as the larger MiDaS models are, of 32 channels and two layers; its depth maps mean
nothing, and everything that is done with them can be tried.
"""

from pathlib import Path

SIDE = 64


def make_tiny_depth(folder: Path) -> Path:
    """Write the model to a folder, unless it is there; returns the folder."""
    if (folder / "model.safetensors").is_file():
        return folder
    import torch
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

    config = DPTConfig(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=64,
        image_size=SIDE,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[16, 16, 32, 32],
        fusion_hidden_size=16,
        is_hybrid=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        DPTForDepthEstimation(config).save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    DPTImageProcessor(size=size, keep_aspect_ratio=False).save_pretrained(folder)
    return folder
