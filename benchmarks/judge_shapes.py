"""Shapes of judges to measure and estimate with, without their weights."""

from typing import Any


def qwen_7b() -> dict[str, Any]:
    """Config of Qwen/Qwen2.5-VL-7B-Instruct: 8.29 billion parameters, 15.4 GiB in bfloat16."""
    text = {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152064,
        "max_position_embeddings": 128000,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": False,
        "rope_parameters": {
            "mrope_section": [16, 24, 24],
            "rope_theta": 1e6,
            "rope_type": "default",
        },
    }
    vision = {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": 3584,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
        "tokens_per_second": 2,
    }
    return {"text_config": text, "vision_config": vision, "tie_word_embeddings": False}
