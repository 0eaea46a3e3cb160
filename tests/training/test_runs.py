"""A run is named by what it is made of; finished models are whole folders."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from data.store import Store
from flows.config import load_config
from training.config import JoppoConfig, LaunchConfig, SftConfig, TrainConfig
from training.model_folder import broken, card, finished, model_digest, upload, write_model
from training.plots import write_page
from training.run_folder import EVENT, Run, lineage, read_event, run_id
from training.runs import ModelNotFoundError, find_adapter, note_finished, runs_folder

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def test_id_is_that_of_config_snapshot_and_parent_alone() -> None:
    base = run_id("sft", SftConfig(), "v1", "p1")
    assert run_id("sft", SftConfig(launch=LaunchConfig(processes=4)), "v1", "p1") == base
    assert run_id("sft", SftConfig(report_to=("tensorboard",)), "v1", "p1") == base
    others = {
        run_id("sft", SftConfig(seed=1), "v1", "p1"),
        run_id("sft", SftConfig(), "v2", "p1"),
        run_id("sft", SftConfig(), "v1", "p2"),
        run_id("joppo", JoppoConfig(), "v1", "p1"),
    }
    assert len(others | {base}) == 5
    here, there = JoppoConfig(adapter="/a"), JoppoConfig(adapter="/b")
    assert run_id("joppo", here, "v1", "p1") == run_id("joppo", there, "v1", "p1")


def test_events_are_lines_of_their_own() -> None:
    assert read_event("loss 0.5") is None
    assert read_event(EVENT + '{"event": "step", "step": 3}') == {"event": "step", "step": 3}


@pytest.mark.parametrize(
    "path", sorted(CONFIGS.glob("*/train-*.yaml")), ids=lambda p: p.parent.name
)
def test_every_config_is_read(path: Path) -> None:
    kind: type[TrainConfig] = SftConfig if path.stem == "train-sft" else JoppoConfig
    config = load_config(kind, path)
    if config.launch.accelerate:
        assert (CONFIGS.parent / config.launch.accelerate).is_file()


def test_the_paper_profile_is_the_papers() -> None:
    sft = load_config(SftConfig, CONFIGS / "paper" / "train-sft.yaml")
    assert (sft.lora.rank, sft.learning_rate, sft.warmup, sft.batch, sft.epochs) == (
        64, 1e-4, 0.03, 32, 1,
    )  # fmt: skip
    joppo = load_config(JoppoConfig, CONFIGS / "paper" / "train-joppo.yaml")
    assert (joppo.group, joppo.learning_rate, joppo.photos, joppo.epochs) == (6, 8e-6, 512, 1)


class _Saved:
    """As much of a model and a processor as a folder needs."""

    def save_pretrained(self, folder: Path, **_: Any) -> None:
        from safetensors.torch import save_file

        Path(folder).mkdir(parents=True, exist_ok=True)
        save_file({"w": torch.ones(2)}, Path(folder) / "adapter_model.safetensors")


def _run(folder: Path, store: Store) -> Run:
    return Run("sft", SftConfig(), store, "v1", "p1", folder)


def test_a_model_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    run = _run(tmp_path, Store(tmp_path / "store"))
    about = lineage(run, {"after_accuracy": 0.5}, base="embedded")
    assert not finished(run.model)
    write_model(run.model, _Saved(), _Saved(), about)
    assert finished(run.model)
    assert json.loads((run.model / "run.json").read_text())["snapshot"] == "v1"
    assert "| after_accuracy | 0.5 |" in card(about)
    assert len(model_digest(run.model)) == 64
    (run.model / "adapter_model.safetensors").write_bytes(b"cut")
    assert broken(run.model) is not None
    assert not finished(run.model)


def test_upload_carries_every_file(tmp_path: Path) -> None:
    store = Store("memory://upload-model")
    run = _run(tmp_path, store)
    write_model(run.model, _Saved(), _Saved(), lineage(run, {}, base="embedded"))
    upload(run.model, store, "runs/x/model")
    assert store.names("runs/x/model") == sorted(p.name for p in run.model.iterdir())


def test_latest_names_the_run_that_finished_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOPPO_RUNS", raising=False)
    store = Store(tmp_path)
    with pytest.raises(ModelNotFoundError, match="run train-sft first"):
        find_adapter("latest", store)
    run = _run(tmp_path, store)
    note_finished(run)
    assert find_adapter("latest", store) == tmp_path / "runs" / run.id / "model"
    monkeypatch.setenv("JOPPO_RUNS", "/elsewhere")
    assert runs_folder(store) == Path("/elsewhere")


def test_curves_are_one_page(tmp_path: Path) -> None:
    rows = [{"name": "loss", "step": s, "value": 1 / s} for s in (1, 2, 3)]
    rows.append({"name": "once", "step": 1, "value": 1.0})
    text = write_page(rows, tmp_path / "curves.html", "sft-1").read_text()
    assert "<svg" in text and "loss" in text
