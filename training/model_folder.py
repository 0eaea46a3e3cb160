"""A finished judge: a folder that transformers, peft and vLLM load as it is.

    adapter_model.safetensors, adapter_config.json    the LoRA
    tokenizer, processor and chat template
    run.json                                          lineage (training.run_folder.lineage)
    README.md                                         model card

`python -m training.model_folder merge FOLDER OUT` writes the whole merged model, on demand.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from data.hashing import sha256
from data.store import Store
from training.base_model import ADAPTER_FILE, RUN_FILE, load_adapted, load_processor
from training.checkpoints import CHECKSUMS, broken, seal
from training.config import SftConfig

CARD = "README.md"


def model_digest(folder: Path) -> str:
    """Content hash of a judge's weights: what a run that starts from it names as its parent."""
    names = sorted(folder.glob("*.safetensors"))
    if not names:
        raise FileNotFoundError(f"no weights (*.safetensors) in {folder}")
    return sha256("".join(map(_file_digest, names)).encode())


def _file_digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def finished(folder: Path) -> bool:
    """Whether a model folder is whole."""
    return (folder / RUN_FILE).is_file() and broken(folder) is None


def write_model(folder: Path, model: Any, processor: Any, about: dict[str, Any]) -> None:
    """Write adapter, processor, lineage and card aside, then rename."""
    aside = folder.with_name(f".{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    # A KL reference lives in the same peft model under another name; it is no part of the judge.
    model.save_pretrained(aside, selected_adapters=["default"], safe_serialization=True)
    processor.save_pretrained(aside)
    text = json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False)
    (aside / RUN_FILE).write_text(text + "\n", encoding="utf-8")
    (aside / CARD).write_text(card(about), encoding="utf-8")
    seal(aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def card(about: dict[str, Any]) -> str:
    """The model card."""
    figures = "\n".join(
        f"| {name} | {value:.4g} |" for name, value in sorted(about["metrics"].items())
    )
    values = json.dumps(about["config"], indent=1, sort_keys=True)
    return f"""---
base_model: {about["base"]}
library_name: peft
pipeline_tag: image-text-to-text
tags: [joppo, {about["stage"]}]
---
# Judge {about["run"]}

LoRA adapter of the stage `{about["stage"]}` on `{about["base"]}`, trained on snapshot
`{about["snapshot"]}` from the weights `{about["parent"][:16]}`.

| figure | value |
|---|---|
{figures}

`before_` figures are those of the model that training started from, on the same held-out rows.
An attribute-to-total correlation alone says little: it also rises when all attributes follow the
total.

```json
{values}
```
"""


def upload(folder: Path, store: Store, uri: str) -> None:
    """Copy a model folder into a store; the checksums go last."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    for path in sorted(files, key=lambda p: (p.name == CHECKSUMS, str(p))):
        store.put_file(path, f"{uri}/{path.relative_to(folder).as_posix()}")


def merge(folder: Path, out: Path) -> None:
    """Write the whole model with the adapter merged into it, and the processor."""
    if not (folder / ADAPTER_FILE).is_file():
        raise FileNotFoundError(f"no adapter in {folder}")
    model = load_adapted(folder, SftConfig(bf16=False), trainable=False)
    model.merge_and_unload().save_pretrained(out)
    load_processor(str(folder)).save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["merge"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    merge(args.folder, args.out)


if __name__ == "__main__":
    main()
