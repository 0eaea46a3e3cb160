"""Judges from a folder or a hub: the base with its processor, and adapters on top.

A hub id may name a revision: `org/name@revision`.
"""

import json
from pathlib import Path
from typing import Any

from joppo.data.store.hub_id import split_revision
from joppo.training.config import EMBEDDED, LoraSettings, TrainConfig

LANGUAGE_LAYERS = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
ALL_LAYERS = r".*\.(q|k|v|o|qkv|proj|gate|up|down)(_proj)?"
ADAPTER_FILE = "adapter_config.json"
RUN_FILE = "run.json"
EMBEDDED_JUDGE = Path(__file__).resolve().parents[1] / "weights" / "tiny-judge"
"""Folder of the shipped judge; `training/tiny_judge` makes it."""


def resolve_base(base: str) -> str:
    """Folder or hub id of a base judge: `embedded` names the one in this repository."""
    return str(EMBEDDED_JUDGE) if base == EMBEDDED else base


def load_processor(model: str, max_pixels: int | None = None) -> Any:
    """Processor with padding on the left, as generation needs it, and a pixel cap."""
    from transformers import AutoProcessor

    name, revision = split_revision(model)
    processor = AutoProcessor.from_pretrained(
        name, revision=revision, trust_remote_code=False, padding_side="left"
    )
    processor.tokenizer.padding_side = "left"
    if max_pixels is not None:
        processor.image_processor.size["longest_edge"] = max_pixels
    return processor


def load_base(model: str, config: TrainConfig) -> Any:
    """The base model, in bfloat16 where the config asks for it.

    A hub id is fetched where it is not on this machine yet and the machine may reach the hub.
    """
    import torch
    from transformers import AutoModelForImageTextToText

    name, revision = split_revision(model)
    return AutoModelForImageTextToText.from_pretrained(
        name,
        revision=revision,
        dtype=torch.bfloat16 if config.bf16 else torch.float32,
        attn_implementation=config.attention,
        trust_remote_code=False,
    )


def lora_config(settings: LoraSettings) -> Any:
    """The LoRA of the SFT stage. `all-linear` would adapt the vision tower as well."""
    from peft import LoraConfig

    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=ALL_LAYERS if settings.vision else LANGUAGE_LAYERS,
        exclude_modules=None if settings.vision else r".*visual.*",
        task_type="CAUSAL_LM",
    )


def adapter_base(folder: Path) -> str:
    """The base that an adapter folder was trained on.

    Raises:
        FileNotFoundError: the folder holds no adapter.
    """
    path = folder / ADAPTER_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"no adapter in {folder}: run train-sft first and give its model folder"
        )
    # peft records a path of this machine; a run records the name, which works on any.
    lineage = read_lineage(folder)
    if lineage:
        return resolve_base(str(lineage["base"]))
    return str(json.loads(path.read_text(encoding="utf-8"))["base_model_name_or_path"])


def read_lineage(folder: Path) -> dict[str, Any] | None:
    """The content of a model folder's `run.json`, or None where there is none."""
    path = folder / RUN_FILE
    if not path.is_file():
        return None
    lineage: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return lineage


def load_adapted(folder: Path, config: TrainConfig, trainable: bool) -> Any:
    """Base and adapter of a model folder; `trainable` to continue the adapter."""
    from peft import PeftModel

    base = load_base(adapter_base(folder), config)
    return PeftModel.from_pretrained(base, str(folder), is_trainable=trainable)


def load_judge(folder: Path, config: TrainConfig) -> Any:
    """A judge for inference: a model folder with an adapter, or a whole model."""
    if (folder / ADAPTER_FILE).is_file():
        return load_adapted(folder, config, trainable=False).eval()
    return load_base(str(folder), config).eval()
