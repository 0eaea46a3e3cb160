"""A run is named by what it is made of; configs are read strictly."""

from pathlib import Path

import pytest

from joppo.data.store.store import Store
from joppo.flows.config import load_config
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig, TrainConfig
from joppo.training.runs.run_folder import EVENT, Run, read_event, run_id
from joppo.training.trainer.prepare import (
    ModelNotFoundError,
    find_adapter,
    note_finished,
    runs_folder,
)
from tests.paths import CONFIGS


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


def test_a_secret_in_a_config_is_refused() -> None:
    for name in ("WANDB_API_KEY", "hf_token", "MY_SECRET_2"):
        with pytest.raises(ValueError, match=rf"{name} looks like a secret.*environment"):
            LaunchConfig(env={name: "s3cr3t"})
    assert LaunchConfig(env={"TOKENIZERS_PARALLELISM": "false", "NCCL_DEBUG": "INFO"})


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
        64,
        1e-4,
        0.03,
        32,
        1,
    )
    joppo = load_config(JoppoConfig, CONFIGS / "paper" / "train-joppo.yaml")
    assert (joppo.group, joppo.learning_rate, joppo.photos, joppo.epochs) == (6, 8e-6, 512, 1)


def _run(folder: Path, store: Store) -> Run:
    return Run("sft", SftConfig(), store, "v1", "p1", folder)


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
