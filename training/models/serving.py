"""Whether vLLM can serve an adapter as it is.

The rules are those of vLLM's PEFTHelper and `parse_fine_tuned_lora_name`: plain LoRA of linear
layers, of the language model alone, under the names that transformers gives them.
"""

import json
import re
from pathlib import Path
from typing import Any

from joppo.training.models.base_model import ADAPTER_FILE

WEIGHTS = "adapter_model.safetensors"
_NAME = re.compile(
    r"base_model\.model\.model\.language_model\.layers\.\d+\."
    r"(self_attn\.[qkvo]|mlp\.(gate|up|down))_proj\.lora_[AB]\.weight"
)


def vllm_problems(folder: Path) -> list[str]:
    """Why vLLM would refuse the adapter of a model folder; empty where it would not."""
    from safetensors import safe_open

    config = json.loads((folder / ADAPTER_FILE).read_text(encoding="utf-8"))
    with safe_open(folder / WEIGHTS, "pt") as weights:
        names = list(weights.keys())
    return [*_config_problems(config), *_name_problems(names)]


def _config_problems(config: dict[str, Any]) -> list[str]:
    problems = []
    if config.get("bias", "none") != "none":
        problems.append("it has biases")
    if config.get("modules_to_save"):
        problems.append("it replaces whole modules")
    if config.get("use_dora"):
        problems.append("it is DoRA")
    return problems


def _name_problems(names: list[str]) -> list[str]:
    vision = sum(".visual." in name for name in names)
    other = [name for name in names if ".visual." not in name and not _NAME.fullmatch(name)]
    problems = [f"{vision} of its {len(names)} tensors adapt the vision tower"] if vision else []
    return [*problems, f"unknown names such as {other[0]}"] if other else problems
