"""Loading a local judge: weights, processor, device, and the name that says which judge it is."""

from pathlib import Path
from typing import Any

from joppo.data.store.hashing import content_hash
from joppo.data.store.hub_id import split_revision
from joppo.training.config import EMBEDDED, SftConfig
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.text_model import FAMILIES
from joppo.training.models.about import About, read_about
from joppo.training.models.base_model import (
    ADAPTER_FILE,
    adapter_base,
    load_adapted,
    load_base,
    load_processor,
    resolve_base,
)
from joppo.training.models.digest import model_digest
from joppo.training.models.pixels import agreed_max_pixels

_SHORT = 8
_TOKENS = 512
_EMBEDDED_TOKENS = 160


class ModelFolderError(ValueError):
    """A judge cannot be loaded; the message names the remedy."""


def load(config: LocalJudgeConfig) -> tuple[Any, Any]:
    """Model, in evaluation mode on its device, and processor.

    An adapter is merged into its base, in float32 layer by layer: a merged folder of the same
    judge gives the same weights.

    Raises:
        ModelFolderError: there is no such model on this machine, or it is of another family.
        PixelMismatchError: it was trained on photos of another size than the config asks for.
    """
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    how = SftConfig(bf16=_dtype(config, device) == "bfloat16", attention="sdpa")
    folder = folder_of(config.model)
    pixels = agreed_max_pixels(config.model, folder, config.max_pixels)
    if (folder / ADAPTER_FILE).is_file():
        model = load_adapted(folder, how, trainable=False).merge_and_unload()
    else:
        model = load_base(str(folder), how)
    if model.config.model_type not in FAMILIES:
        raise ModelFolderError(
            f"{config.model} is a {type(model).__name__}; a local judge is one of "
            f"{', '.join(FAMILIES)}. Serve it (vllm serve) and name it as an endpoint"
        )
    return model.eval().to(device), load_processor(str(folder), pixels)


def folder_of(model: str) -> Path:
    """The folder of a model: one that is named, or the hub's copy on this machine.

    Raises:
        ModelFolderError: there is none.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    folder = Path(resolve_base(model))
    if folder.is_dir():
        if not any((folder / name).is_file() for name in (ADAPTER_FILE, "config.json")):
            raise ModelFolderError(
                f"{folder} holds no model ({ADAPTER_FILE} or config.json); name the folder `model` "
                "of a training run, or a folder that transformers loads"
            )
        return folder
    try:
        name, revision = split_revision(model)
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        raise ModelFolderError(
            f"no model {model!r}: neither a folder, nor a hub id whose files are on this machine "
            f"(hf download {model}), nor `{EMBEDDED}`"
        ) from None


def describe(config: LocalJudgeConfig) -> str:
    """`<model>@<hash>`: the hash covers the weights and all that shapes a reply.

    Raises:
        ModelFolderError: there is no such model.
        PixelMismatchError: it was trained on photos of another size than the config asks for.
    """
    folder = folder_of(config.model)
    about = read_about(folder)
    weights = [model_digest(folder)]
    if (folder / ADAPTER_FILE).is_file():
        weights.append(model_digest(folder_of(adapter_base(folder))))
    shaping = config.recipe()
    shaping |= {
        "dtype": _dtype(config, config.device),
        "max_new_tokens": token_limit(config),
        "max_pixels": agreed_max_pixels(config.model, folder, config.max_pixels),
    }
    return f"{_label(config.model, folder, about)}@{content_hash(weights, shaping)[:_SHORT]}"


def token_limit(config: LocalJudgeConfig) -> int:
    """Most tokens of a reply: see `LocalJudgeConfig.max_new_tokens`."""
    if config.max_new_tokens is not None:
        return config.max_new_tokens
    about = read_about(folder_of(config.model))
    if about is not None:
        return about.max_new_tokens
    return _EMBEDDED_TOKENS if config.model == EMBEDDED else _TOKENS


def _label(model: str, folder: Path, about: About | None) -> str:
    if about is not None:
        return about.run
    return folder.name if Path(model).is_dir() or model == EMBEDDED else model.split("/")[-1]


def _dtype(config: LocalJudgeConfig, device: str) -> str:
    import torch

    if config.dtype != "auto":
        return config.dtype
    gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    return "bfloat16" if gpu else "float32"


def on_even_threads(device: Any, rows: int) -> None:
    """On a CPU, a number of threads that splits the rows of a tile evenly.

    With an uneven split the first rows take another kernel than the last ones, and a reply would
    depend on its row.
    """
    import torch

    if device.type == "cpu":
        threads = torch.get_num_threads()
        torch.set_num_threads(max(t for t in range(1, threads + 1) if rows % t == 0))
