"""Validation while training: it changes nothing, resumes exactly, and its best step is kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benchmarks.scene_corpus import build
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.tasks.launch import command, environment, run_processes
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig
from joppo.training.models.base_model import read_lineage
from joppo.training.models.model_folder import model_digest
from joppo.training.runs.checkpoints import NoBestCheckpointError, step_of
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.callbacks import Report
from joppo.training.trainer.failures import is_permanent
from joppo.training.trainer.held_out import HeldOut
from joppo.training.trainer.prepare import prepare, write_spec
from joppo.training.trainer.run import train
from joppo.training.trainer.validation import Best, best

pytestmark = pytest.mark.timeout(900)

SHARED: dict[str, Any] = {
    "bf16": False,
    "gradient_checkpointing": False,
    "save_steps": 2,
    "keep_checkpoints": 1,
    "eval_rows": 10,
    "eval_batch": 5,
    "max_completion_length": 84,
    "launch": {"cpu": True},
}
SFT = SftConfig.model_validate(
    {
        **SHARED,
        "base": "embedded",
        "batch": 4,
        "per_device_batch": 4,
        "max_steps": 4,
        "lora": {"rank": 8, "alpha": 8},
        "task_weights": {"composition": 0.5, "perspective": 0.5, "aesthetic": 0.5},
    }
)


class _BrokenOff(BaseException):
    """No Exception: nothing on the way catches it."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=4, size=64))
    return made


@pytest.fixture(scope="module")
def sft(store: Store) -> Run:
    """A run without validation."""
    run = prepare(SFT, store)
    train(run)
    return run


def trained(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Any) -> Run:
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path))
    run = prepare(config, store)
    train(run)
    return run


def validated(run: Run) -> dict[str, list[tuple[int, float]]]:
    """(step, value) of each figure."""
    found: dict[str, list[tuple[int, float]]] = {}
    for row in read_metrics(run.store, run.id):
        if row["name"].startswith("validation/"):
            name = row["name"].removeprefix("validation/")
            found.setdefault(name, []).append((row["step"], row["value"]))
    return found


def test_the_best_of_a_history() -> None:
    history = [
        {"step": 2, "validation/srcc_total": 0.4, "validation/accuracy": 0.9},
        {"step": 2, "loss": 1.0},
        {"step": 4, "validation/srcc_total": 0.6, "validation/accuracy": 0.2},
        {"step": 6, "validation/srcc_total": 0.6},
    ]
    assert best(history, "srcc") == Best(4, 0.6)
    assert best(history, "accuracy") == Best(2, 0.9)
    assert best(history, "plcc") is None


def test_the_best_can_only_be_kept_where_it_is_looked_for() -> None:
    with pytest.raises(ValidationError, match="set validation_steps and eval_rows"):
        SftConfig(keep="best")
    SftConfig(keep="best", validation_steps=5)


def test_validation_is_part_of_the_recipe_where_it_chooses_the_weights() -> None:
    def key(**values: Any) -> str:
        return SftConfig(**values).hash()

    assert key(validation_steps=5, best_by="plcc") == key()
    kept = key(keep="best", validation_steps=5)
    assert len({key(), kept, key(keep="best", validation_steps=9)}) == 3
    assert key(keep="best", validation_steps=5, best_by="plcc") != kept


def test_sft_is_the_same_to_the_bit(
    store: Store, sft: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SFT.model_copy(update={"validation_steps": 1})
    run = trained(store, tmp_path, monkeypatch, config)
    assert run.id == sft.id
    assert model_digest(run.model) == model_digest(sft.model)
    found = validated(run)
    assert {"accuracy", "accuracy_composition", "parse_rate", "cut_off"} <= set(found)
    assert [step for step, _ in found["parse_rate"]] == [1, 2, 3, 4]
    logged = [row["step"] for row in read_metrics(store, run.id) if row["name"] == "loss"]
    assert logged == [1, 2, 3, 4], "the log of a step is not lost to its validation"
    newest = {row["name"]: row["value"] for row in read_metrics(store, run.id)}
    assert newest["after_parse_rate"] == found["parse_rate"][-1][1]


def test_joppo_is_the_same_to_the_bit(
    store: Store, sft: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = JoppoConfig.model_validate(
        {
            **SHARED,
            "adapter": str(sft.model),
            "photos": 4,
            "group": 2,
            "per_device_batch": 8,
            "learning_rate": 1e-3,
            "max_steps": 2,
            "share_prompts": True,
            "merge_rollouts": True,
            "task_weights": {"score": 1, "composition": 0.5},
        }
    )
    plain = trained(store, tmp_path / "a", monkeypatch, config)
    asked = config.model_copy(update={"validation_steps": 1})
    run = trained(store, tmp_path / "b", monkeypatch, asked)
    assert plain.folder != run.folder
    assert model_digest(run.model) == model_digest(plain.model)
    found = validated(run)
    assert {"srcc_total", "plcc_total", "accuracy", "parse_rate"} <= set(found)
    assert [step for step, _ in found["srcc_total"]] == [1, 2]


def scripted(monkeypatch: pytest.MonkeyPatch, *values: float | None) -> None:
    """Held-out SRCC of step 0, 1, …, by the steps of the trainer; None where it is undefined."""
    at = {"step": 0}
    take = Report.on_step_end

    def step_begin(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        at["step"] = state.global_step + 1

    def figures(self: HeldOut, model: Any) -> dict[str, float]:
        value = values[at["step"]]
        return {"parse_rate": 1.0} | ({} if value is None else {"srcc_total": value})

    assert take is not None
    monkeypatch.setattr(Report, "on_step_begin", step_begin)
    monkeypatch.setattr(HeldOut, "figures", figures)


@pytest.mark.parametrize("keep", ["last", "best"])
def test_the_best_checkpoint_survives(
    store: Store, sft: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    scripted(monkeypatch, 0.0, 0.7, 0.2, 0.5, 0.6)
    config = SFT.model_copy(update={"validation_steps": 1, "keep": keep})
    run = trained(store, tmp_path, monkeypatch, config)
    folders = sorted(run.folder.glob("checkpoint-*"), key=step_of)
    assert [step_of(folder) for folder in folders] == [1, 4]
    about = read_lineage(run.model)
    assert about is not None
    assert about["kept"] == {
        "keep": keep,
        "step": 4 if keep == "last" else 1,
        "best": {"figure": "srcc_total", "step": 1, "value": 0.7},
    }
    kept = folders[-1 if keep == "last" else 0]
    weights = "adapter_model.safetensors"
    assert (run.model / weights).read_bytes() == (kept / weights).read_bytes()
    assert (model_digest(run.model) == model_digest(sft.model)) == (keep == "last")
    assert about["metrics"]["after_srcc_total"] == (0.6 if keep == "last" else 0.7)
    assert "step 1 was best, srcc_total 0.7" in (run.model / "README.md").read_text()


def test_without_a_defined_figure_there_is_no_best(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, *([None] * 5))
    config = SFT.model_copy(update={"validation_steps": 2, "keep": "best"})
    with pytest.raises(NoBestCheckpointError, match="set best_by to another figure") as raised:
        trained(store, tmp_path, monkeypatch, config)
    assert is_permanent(raised.value)


def test_a_resumed_run_has_the_same_figures(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"validation_steps": 1, "keep": "best", "best_by": "parse_rate"}
    config = SFT.model_copy(update=values)
    whole = trained(store, tmp_path / "a", monkeypatch, config)
    figures, about = validated(whole), read_lineage(whole.model)
    (Path(store.root) / "runs" / whole.id / "metrics.parquet").unlink()
    monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / "b"))
    run = prepare(config, store)

    def stop(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 3:
            raise _BrokenOff

    with monkeypatch.context() as first, pytest.raises(_BrokenOff):
        first.setattr(Report, "on_step_end", stop)
        train(run)
    assert not run.model.exists()
    train(run)
    assert validated(run) == figures
    resumed = read_lineage(run.model)
    assert resumed is not None and about is not None and resumed["kept"] == about["kept"]
    assert model_digest(run.model) == model_digest(whole.model)


def events_of(processes: int, store: Store, folder: Path) -> list[dict[str, Any]]:
    """What a training in so many processes reports; it has to write a model."""
    launch = LaunchConfig(cpu=True, processes=processes)
    shared = {"validation_steps": 2, "max_steps": 2, "launch": launch}
    batch = {"per_device_batch": 4 // processes}
    run = prepare(SFT.model_copy(update=shared | batch), store)
    assert run.folder.is_relative_to(folder)
    lines: list[str] = []
    events: list[dict[str, Any]] = []
    run_processes(
        command(write_spec(run), launch), environment(launch), events.append, lines.append
    )
    assert read_lineage(run.model) is not None, lines
    return events


def test_two_processes_share_the_rows(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither waits for ever, both know the best step, and the figures are those of one process."""
    figures = []
    for processes in (1, 2):
        monkeypatch.setenv("JOPPO_RUNS", str(tmp_path / str(processes)))
        events = events_of(processes, store, tmp_path / str(processes))
        assert [one["step"] for one in events if one["event"] == "validation"] == [2]
        figures.append(next(one["metrics"] for one in events if one["event"] == "figures"))
    assert figures[1] == pytest.approx(figures[0])
    assert any(name.startswith("before_") for name in figures[0])


def test_events_say_the_figures(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    config = SFT.model_copy(update={"validation_steps": 2, "max_steps": 2})
    trained(store, tmp_path, monkeypatch, config)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("@joppo ")]
    events = [json.loads(line.removeprefix("@joppo ")) for line in lines]
    (event,) = [one for one in events if one["event"] == "validation"]
    assert event["step"] == 2 and "parse_rate" in event["metrics"] and event["best"] == 2
