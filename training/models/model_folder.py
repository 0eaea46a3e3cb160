"""A finished judge: a folder that transformers, peft and vLLM load as it is.

adapter_model.safetensors, adapter_config.json    the LoRA
tokenizer, processor and chat template
run.json                                          lineage (training.models.lineage), and how the
                                                  judge is asked (training.models.about)
README.md                                         model card (training.models.model_card)
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joppo.data.store.hub_id import split_revision
from joppo.data.store.store import Store
from joppo.data.store.write_aside import replace_folder
from joppo.training.config import SftConfig
from joppo.training.models.about import JUDGE, judge_facts
from joppo.training.models.base_model import (
    ADAPTER_FILE,
    RUN_FILE,
    adapter_base,
    load_adapted,
    load_processor,
    read_lineage,
)
from joppo.training.models.digest import model_digest as model_digest
from joppo.training.models.model_card import Loading, card
from joppo.training.models.serving import WEIGHTS, vllm_problems
from joppo.training.runs.checkpoints import CHECKSUMS, broken, seal

CARD = "README.md"


def finished(folder: Path) -> bool:
    """Whether a model folder is complete."""
    return (folder / RUN_FILE).is_file() and broken(folder) is None


def write_model(folder: Path, checkpoint: Path, processor: Any, about: dict[str, Any]) -> None:
    """Write adapter, processor, lineage and card to a folder aside, then rename it.

    The adapter is the checkpoint's: the Trainer has gathered it there from all processes, however
    the weights were sharded, and has left the KL reference in a folder of its own.

    Args:
        folder: to write.
        checkpoint: the last one of the run.
        about: what `run.json` says (training.models.lineage).
    """
    with _aside(folder) as aside:
        aside.mkdir(parents=True)
        for name in (ADAPTER_FILE, WEIGHTS):
            shutil.copyfile(checkpoint / name, aside / name)
        processor.save_pretrained(aside)
        rank = json.loads((aside / ADAPTER_FILE).read_text(encoding="utf-8"))["r"]
        _write_about(aside, about, card(about, Loading(rank, tuple(vllm_problems(aside)))))


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder to write to; afterwards it gets its checksums and is renamed to `folder`."""
    aside = folder.with_name(f".{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    yield aside
    seal(aside)
    replace_folder(aside, folder)


def _write_about(folder: Path, lineage: dict[str, Any], page: str) -> None:
    """Write `run.json` and the card; weights and processor of the folder are there already."""
    facts = judge_facts(folder, lineage)
    # Of a judge that is merged: it is asked as its adapter was.
    kept = lineage.get(JUDGE, {})
    about = {**lineage, JUDGE: {**facts, **kept, "digest": facts["digest"]}}
    text = json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / RUN_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / CARD).write_text(page, encoding="utf-8")


def upload(folder: Path, store: Store, uri: str) -> None:
    """Copy a model folder into a store; the checksums go last."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    for path in sorted(files, key=lambda p: (p.name == CHECKSUMS, str(p))):
        store.put_file(path, f"{uri}/{path.relative_to(folder).as_posix()}")


def download(store: Store, uri: str, folder: Path) -> None:
    """Copy a model folder out of a store, aside, then rename.

    Raises:
        FileNotFoundError: it does not exist, or is incomplete.
    """
    with _aside(folder) as aside:
        for name in store.names(uri):
            store.get_file(f"{uri}/{name}", aside / name)
        if not finished(aside):
            raise FileNotFoundError(f"no whole model in {store.root}/{uri}")


def merge(folder: Path, out: Path) -> None:
    """Write the whole model with the adapter merged into it, in the number format of its base.

    Raises:
        FileNotFoundError: there is no adapter in `folder`.
    """
    import torch

    if not (folder / ADAPTER_FILE).is_file():
        raise FileNotFoundError(f"no adapter in {folder}")
    # Merged in float32 and rounded once.
    model = load_adapted(folder, SftConfig(bf16=False), trainable=False).merge_and_unload()
    with _aside(out) as aside:
        model.to(base_dtype(folder)).to(torch.device("cpu")).save_pretrained(aside)
        load_processor(str(folder)).save_pretrained(aside)
        if about := read_lineage(folder):
            _write_about(aside, about, card(about, None))


def base_dtype(folder: Path) -> Any:
    """Number format of the base that an adapter was trained on."""
    import torch
    from transformers import AutoConfig

    name, revision = split_revision(adapter_base(folder))
    config = AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False)
    return config.dtype or torch.float32
