"""A finished judge is a whole folder that transformers and peft load as it is."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, LaunchConfig, LoraSettings, SftConfig
from joppo.training.models.__main__ import main
from joppo.training.models.base_model import load_base, load_processor, lora_config, resolve_base
from joppo.training.models.lineage import lineage
from joppo.training.models.model_card import Loading, card
from joppo.training.models.model_folder import (
    broken,
    download,
    finished,
    model_digest,
    upload,
    write_model,
)
from joppo.training.models.serving import vllm_problems
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.prepare import find_adapter

NEWEST = {
    "before_accuracy": 0.25,
    "after_accuracy": 0.5,
    "loss": 0.125,
    "health/parsed": 0.75,
    "num_tokens": 1e6,
}


def _run(folder: Path) -> Run:
    config = SftConfig(base="embedded", launch=LaunchConfig(env={"WHERE": "/on/this/machine"}))
    return Run("sft", config, Store(folder / "store"), "v1", "p1", folder / "run")


def _adapted(vision: bool = False) -> Any:
    """The embedded base with a LoRA that does something."""
    from peft import get_peft_model

    torch.manual_seed(0)
    base = load_base(resolve_base("embedded"), SftConfig(bf16=False))
    model = get_peft_model(base, lora_config(LoraSettings(rank=4, alpha=4, vision=vision)))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    return model.eval()


@pytest.fixture(scope="module")
def judge() -> tuple[Any, Any]:
    torch.set_num_threads(1)
    return _adapted(), load_processor(resolve_base("embedded"))


@pytest.fixture(scope="module")
def folder(judge: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    model, processor = judge
    run = _run(tmp_path_factory.mktemp("model"))
    model.save_pretrained(run.folder / "checkpoint-7")
    about = lineage(run, "embedded", NEWEST, steps=7)
    write_model(run.model, run.folder / "checkpoint-7", processor, about)
    return run.model


def _logits(model: Any, processor: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(**processor(text=["a dark tree"], return_tensors="pt")).logits
    return found


def test_transformers_and_peft_load_it(judge: tuple[Any, Any], folder: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    wanted = _logits(*judge)
    by_transformers = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    assert torch.equal(_logits(by_transformers.eval(), processor), wanted)
    base = load_base(resolve_base("embedded"), SftConfig(bf16=False))
    assert not torch.allclose(_logits(base.eval(), processor), wanted)
    assert torch.equal(_logits(PeftModel.from_pretrained(base, folder).eval(), processor), wanted)


def test_the_merged_model_is_the_same_judge(
    judge: tuple[Any, Any], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    out = tmp_path / "whole"
    monkeypatch.setattr("sys.argv", ["model_folder", "merge", str(folder), str(out)])
    main()
    whole = AutoModelForImageTextToText.from_pretrained(out, dtype=torch.float32).eval()
    found, wanted = _logits(whole, AutoProcessor.from_pretrained(out)), _logits(*judge)
    # Rounded once, to the number format of the base.
    step = 2**-7 if whole.config.dtype == torch.bfloat16 else 2**-9
    assert (found - wanted).abs().max() < 8 * step * wanted.abs().max()
    assert finished(out) and "the folder as it is" in (out / "README.md").read_text()


def test_vllm_knows_names_and_config(folder: Path, tmp_path: Path) -> None:
    assert vllm_problems(folder) == []
    _adapted(vision=True).save_pretrained(tmp_path)
    (problem,) = vllm_problems(tmp_path)
    assert problem.endswith("adapt the vision tower")
    path = tmp_path / "adapter_config.json"
    values = json.loads(path.read_text()) | {"use_dora": True, "bias": "all"}
    path.write_text(json.dumps(values | {"modules_to_save": ["lm_head"]}))
    assert len(vllm_problems(tmp_path)) == 4


def test_lineage_and_card_say_where_it_comes_from(folder: Path, tmp_path: Path) -> None:
    about = json.loads((folder / "run.json").read_text())
    assert (about["base"], about["snapshot"], about["steps"]) == ("embedded", "v1", 7)
    assert about["metrics"] == {k: NEWEST[k] for k in ("before_accuracy", "after_accuracy", "loss")}
    assert about["reward_health"] == {"parsed": 0.75}
    assert about["parents"] == [{"base": "embedded", "weights": "p1"}]
    page = (folder / "README.md").read_text()
    for part in (
        "base_model: embedded",
        "| accuracy | 0.25 | 0.5 |",
        "snapshot\n`v1`",
        "| parsed | 0.75 |",
        "(rank 4) on its base: `joppo serve FOLDER`",
    ):
        assert part in page
    assert "/on/this/machine" not in page + json.dumps(about)
    unfit = card(about, Loading(4, ("2 of its 4 tensors adapt the vision tower",)))
    assert "vLLM cannot serve the adapter (2 of its 4" in unfit
    # The next stage names this run and its ancestors, and not where they lie.
    config = JoppoConfig(adapter=str(folder))
    child = Run("joppo", config, Store(tmp_path), "v2", model_digest(folder), tmp_path)
    told = lineage(child, "embedded", {}, steps=1)
    assert told["parents"] == [
        *about["parents"],
        {"run": about["run"], "stage": "sft", "snapshot": "v1", "weights": model_digest(folder)},
    ]
    assert str(folder) not in json.dumps(told)
    assert f"| run `{about['run']}` on snapshot `v1` |" in card(told, None)


def test_a_folder_is_whole_or_not_finished(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    assert finished(copy) and model_digest(copy) == model_digest(folder)
    (copy / "adapter_model.safetensors").write_bytes(b"cut")
    assert broken(copy) is not None and not finished(copy)
    assert not finished(tmp_path / "none")


def test_a_store_carries_every_file_to_another_machine(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store("memory://upload-model")
    upload(folder, store, "runs/x/model")
    assert store.names("runs/x/model") == sorted(p.name for p in folder.iterdir())
    store.write_bytes("runs/latest-sft", b"x\n")
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "elsewhere"))
    found = find_adapter("latest", store)
    assert found == tmp_path / "elsewhere" / "x" / "model" and finished(found)
    assert model_digest(found) == model_digest(folder)
    with pytest.raises(FileNotFoundError, match="no whole model"):
        download(store, "runs/y/model", tmp_path / "none")
    assert not (tmp_path / "none").exists()
