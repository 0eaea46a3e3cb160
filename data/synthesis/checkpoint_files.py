"""Look at a pipeline folder before anything heavy is loaded from it.

A missing folder, a pickle checkpoint, a damaged file or a ControlNet of another size would
otherwise surface as a stack trace from deep inside a library, after a minute of loading. Weights
are taken from safetensors only: a pickle can run code.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from joppo.data.store.hub_id import split_revision

WEIGHTS_DIR = Path(__file__).parents[1] / "weights"
EMBEDDED = "tiny-diffusion"
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_WEIGHT_NAMES = {"text_encoder": "model.safetensors"}
# MiDaS is published as a .pt file; no other model is loaded from a pickle.
_KEPT = (".json", ".txt", ".safetensors", ".pt")
_PARTS = ("unet", "vae", "text_encoder")
# A ControlNet adds its features to the UNet's: these must agree.
_MUST_AGREE = ("in_channels", "block_out_channels", "layers_per_block", "cross_attention_dim")
_TRAIN = "python -m joppo.data.tiny_diffusion.train --out data/weights/tiny-diffusion"


class PipelineFilesError(RuntimeError):
    """A pipeline folder that cannot be used; the message names the file and the remedy."""


def model_folder(model: str) -> Path | None:
    """Folder of a model: the embedded one by its name, any local path, or None for a hub id.

    Raises:
        PipelineFilesError: it looks like a path but there is no such folder.
    """
    if model == EMBEDDED:
        folder = WEIGHTS_DIR / EMBEDDED
        if not folder.is_dir():
            raise PipelineFilesError(f"{folder} is missing; check it out again or run: {_TRAIN}")
        return folder
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_file():
        raise PipelineFilesError(
            f"{path} is a file; name a folder in diffusers layout (a single checkpoint can be "
            "converted with StableDiffusionPipeline.from_single_file(...).save_pretrained(...))"
        )
    hub_like = split_revision(model)[0].count("/") == 1 and not model.startswith((".", "/", "~"))
    if not hub_like:
        raise PipelineFilesError(
            f"model folder {path} does not exist; give the path of a diffusers folder, a hub id "
            f"like org/name or org/name@revision, or {EMBEDDED!r} for the one that comes with the "
            "project"
        )
    return None


def check_pipeline(folder: Path, controlnets: Mapping[Any, Path | None]) -> None:
    """Check a pipeline folder and its local ControlNets (kind -> folder; None is a hub id).

    Raises:
        PipelineFilesError: a part is missing, a pickle, damaged, or of another size.
    """
    if not (folder / "model_index.json").is_file():
        raise PipelineFilesError(
            f"{folder} has no model_index.json, so it is no diffusers pipeline folder; point to "
            "the folder that save_pretrained wrote"
        )
    for part in _PARTS:
        check_weights(folder / part, _WEIGHT_NAMES.get(part))
    unet = _config(folder / "unet")
    for kind, net in controlnets.items():
        if net is not None:
            check_weights(net)
            _check_size(kind, net, unet, folder)


def check_weights(folder: Path, name: str | None = None) -> None:
    """Check that a part has readable safetensors weights (one file or sharded)."""
    from safetensors import SafetensorError, safe_open

    if not folder.is_dir():
        raise PipelineFilesError(f"{folder} is missing; copy the complete model folder")
    _config(folder)
    name = name or "diffusion_pytorch_model.safetensors"
    stem = name.removesuffix(".safetensors")
    files = sorted({*folder.glob(f"{stem}*.safetensors")})
    if not files:
        pickles = sorted(p.name for p in folder.iterdir() if p.suffix in _PICKLES)
        if pickles:
            raise PipelineFilesError(
                f"{folder} holds only a pickle checkpoint ({pickles[0]}), which could run code; "
                "load it in a place that you trust and save it with "
                "save_pretrained(folder, safe_serialization=True)"
            )
        raise PipelineFilesError(f"{folder} has no {name}; copy the complete model folder")
    for file in files:
        try:
            with safe_open(file, framework="np") as opened:
                opened.keys()
        except (SafetensorError, OSError) as error:
            raise PipelineFilesError(
                f"{file} is damaged ({error}); copy or download it again"
            ) from error


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise PipelineFilesError(f"{path} is missing; copy the complete model folder") from error
    except (ValueError, OSError) as error:
        raise PipelineFilesError(f"{path} is damaged ({error}); copy it again") from error
    return config


def _check_size(kind: str, net: Path, unet: dict[str, Any], folder: Path) -> None:
    config = _config(net)
    for key in _MUST_AGREE:
        ours, theirs = config.get(key), unet.get(key)
        if ours != theirs:
            raise PipelineFilesError(
                f"the {kind} ControlNet {net} does not fit {folder}: its {key} is {ours}, the "
                f"UNet's is {theirs}; use a ControlNet made for this model"
            )


def model_content(model: str) -> str:
    """What identifies a model wherever it lies: its files' content, or the id on a hub.

    Raises:
        PipelineFilesError: it looks like a path but there is no such folder.
    """
    folder = model_folder(model)
    return model if folder is None else fingerprint(folder)


def fingerprint(folder: Path) -> str:
    """Content hash (64 hex characters) of all configs and weights of a folder.

    Its place and the files' times do not enter, so a copy elsewhere makes the same images.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in _KEPT)
    # Gigabytes are hashed once per process, unless a file is seen to have changed.
    return _hash_files(folder, tuple((p, p.stat().st_size, p.stat().st_mtime_ns) for p in files))


@lru_cache(maxsize=16)
def _hash_files(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for file, _, _ in files:
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
