"""Refusals come before any work and name the value to change."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig
from joppo.training.runs.run_folder import Run
from joppo.training.trainer import preflight
from joppo.training.trainer.preflight import PreflightError, before_launch, check
from joppo.training.trainer.preflight.batch import config_problems
from joppo.training.trainer.preflight.launcher import launcher_problems
from joppo.training.trainer.preflight.machine import (
    device_problems,
    disk_problems,
    memory_problems,
    process_problems,
    tracker_problems,
)
from joppo.training.trainer.preflight.photos import photo_problems
from tests.paths import ROOT


def _rows(count: int, task: str = "score") -> list[dict[str, Any]]:
    return [{"task": task, "uri": f"images/aa/{task}-{i}.png", "key": str(i)} for i in range(count)]


def test_the_defaults_pass() -> None:
    assert config_problems(SftConfig(), _rows(1000)) == []
    assert config_problems(JoppoConfig(), _rows(1000)) == []


@pytest.mark.parametrize(
    ("change", "rows", "remedy"),
    [
        ({"batch": 30, "per_device_batch": 4}, 99, "use a batch of 28"),
        ({"launch": LaunchConfig(processes=3)}, 99, "use a batch of 24"),
        ({}, 31, "lower batch"),
    ],
)
def test_sft(change: dict[str, Any], rows: int, remedy: str) -> None:
    assert remedy in config_problems(SftConfig(**change), _rows(rows))[0]


@pytest.mark.parametrize(
    ("change", "rows", "remedy"),
    [
        ({"photos": 8, "group": 6, "per_device_batch": 5}, 99, "change per_device_batch or photos"),
        ({"photos": 8, "per_device_batch": 16, "updates_per_batch": 2}, 99, "updates_per_batch 2"),
        ({"photos": 8}, 7, "trains zero steps"),
        ({"photos": 8, "iterations": 2, "save_steps": 5}, 99, "use a multiple of 2"),
        ({"photos": 8, "iterations": 2, "validation_steps": 5}, 99, "validation_steps 5 falls"),
    ],
)
def test_joppo(change: dict[str, Any], rows: int, remedy: str) -> None:
    problems = config_problems(JoppoConfig(**change), _rows(rows))
    assert len(problems) == 1
    assert remedy in problems[0]


def test_a_batch_has_at_least_two_scored_photos() -> None:
    with pytest.raises(ValueError, match="photos"):
        JoppoConfig(photos=1)
    few = [*_rows(20), *_rows(180, "composition")]
    (problem,) = config_problems(JoppoConfig(photos=8), few)
    assert "about 0.8 are scored" in problem and "raise photos to 20" in problem
    assert config_problems(JoppoConfig(photos=20), few) == []
    one = [*_rows(1), *_rows(99, "composition")]
    (problem,) = config_problems(JoppoConfig(photos=8), one)
    assert "build the snapshot from a dataset with scores" in problem
    letters = JoppoConfig(photos=8, task_weights={"composition": 1.0})
    assert config_problems(letters, _rows(99, "composition")) == []


def test_every_photo_is_read(tmp_path: Path) -> None:
    store, seen = Store(tmp_path), list[tuple[int, int]]()
    _, good = store.put_image(b"named by these bytes", "png")
    store.write_bytes("images/aa/other.png", b"no photo at all")
    _, cut = store.put_image(b"a photo", "png")
    (tmp_path / cut).write_bytes(b"a ph")
    rows = [{"uri": "images/no/no.png", "second_uri": good}, {"uri": cut}, {"uri": good}]
    assert photo_problems(rows[2:], store, lambda *_: None) == []
    (problem,) = photo_problems(
        [*rows, {"uri": "images/aa/other.png"}], store, lambda *done: seen.append(done)
    )
    assert "3 of 4 photos" in problem and "put them back" in problem
    assert "images/no/no.png is missing" in problem
    assert f"{cut} is damaged" in problem and "images/aa/other.png is damaged" in problem
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_launcher_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ddp = "configs/accelerate/ddp.yaml"
    assert launcher_problems(LaunchConfig()) == []
    assert launcher_problems(LaunchConfig(processes=4, accelerate=ddp)) == []
    assert "no file none.yaml" in launcher_problems(LaunchConfig(accelerate="none.yaml"))[0]
    assert "leave it out" in launcher_problems(LaunchConfig(accelerate=ddp, cpu=True))[0]
    monkeypatch.setattr(preflight.launcher, "find_spec", lambda name: None)
    zero2 = LaunchConfig(accelerate="configs/accelerate/zero2.yaml")
    assert "pip install deepspeed" in launcher_problems(zero2)[0]


def test_a_launcher_that_starts_fewer_processes_is_found_out() -> None:
    config = SftConfig(launch=LaunchConfig(processes=2))
    assert process_problems(config, 2) == []
    assert "1 processes run where launch.processes asks for 2" in process_problems(config, 1)[0]


def test_bfloat16_and_vllm_are_refused_on_a_cpu() -> None:
    cpu = LaunchConfig(cpu=True)
    assert device_problems(SftConfig(launch=cpu, bf16=False)) == []
    assert "set bf16: false" in device_problems(SftConfig(launch=cpu))[0]
    both = device_problems(JoppoConfig(launch=cpu, rollouts="vllm"))
    assert len(both) == 2 and "rollouts: transformers" in both[1]


def _gpus(monkeypatch: pytest.MonkeyPatch, count: int, bf16: bool = True, gib: int = 24) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "a GPU")
    usage = SimpleNamespace(total_memory=gib * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: usage)


def test_gpus_are_counted_and_can_do_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    _gpus(monkeypatch, 0)
    (problem,) = device_problems(SftConfig())
    assert "1 GPUs are asked for, 0 are here" in problem and "launch.cpu and bf16" in problem
    _gpus(monkeypatch, 1)
    assert device_problems(SftConfig()) == []
    assert "4 GPUs" in device_problems(SftConfig(launch=LaunchConfig(processes=4)))[0]
    _gpus(monkeypatch, 1, bf16=False)
    assert "a GPU has no bfloat16" in device_problems(SftConfig())[0]


def test_vllm_is_refused_where_it_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    _gpus(monkeypatch, 4)
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.setattr("joppo.training.trainer.vllm_guard.find_spec", lambda name: None)
    assert "pip install 'trl[vllm]'" in device_problems(JoppoConfig(rollouts="vllm"))[0]
    monkeypatch.setattr("joppo.training.trainer.vllm_guard.find_spec", lambda name: object())
    assert device_problems(JoppoConfig(rollouts="vllm")) == []
    fsdp = LaunchConfig(processes=4, accelerate="configs/accelerate/fsdp.yaml")
    assert "FSDP" in device_problems(JoppoConfig(rollouts="vllm", launch=fsdp))[0]


def test_trackers_have_to_be_there() -> None:
    assert tracker_problems(SftConfig()) == []
    (problem,) = tracker_problems(SftConfig(report_to=("wandb", "no_such_tracker")))
    assert "no_such_tracker" in problem and "pip install" in problem


def test_a_sharded_judge_cannot_answer_held_out_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    launch = LaunchConfig(processes=4, accelerate="configs/accelerate/fsdp.yaml")
    (problem,) = config_problems(SftConfig(launch=launch), _rows(99))
    assert "set eval_rows to 0" in problem
    assert config_problems(SftConfig(launch=launch, eval_rows=0), _rows(99)) == []


@pytest.mark.parametrize("kind", ["fsdp", "zero2"])
def test_spread_weights_cannot_be_merged(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(ROOT)
    file = next(Path("configs/accelerate").glob(f"{kind}.yaml"))
    launch = LaunchConfig(processes=4, accelerate=str(file))
    usual = JoppoConfig(launch=launch, eval_rows=0, photos=4, per_device_batch=6)
    asked = usual.model_copy(update={"merge_rollouts": True})
    told = set(config_problems(asked, _rows(9))) - set(config_problems(usual, _rows(9)))
    assert len(told) == 1 and "merge_rollouts" in told.pop()


def test_a_small_gpu_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    _gpus(monkeypatch, 1, gib=24)
    assert memory_problems(SftConfig(), 20.0) == []
    (problem,) = memory_problems(SftConfig(), 30.0)
    assert "about 30 GiB are needed, the GPU has 24" in problem and "rollout_batch" in problem
    assert memory_problems(SftConfig(launch=LaunchConfig(memory_check=False)), 30.0) == []
    assert memory_problems(SftConfig(launch=LaunchConfig(cpu=True)), 30.0) == []


def test_a_small_disk_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(total=10, used=9, free=1)
    monkeypatch.setattr(
        "joppo.training.trainer.preflight.machine.shutil.disk_usage", lambda path: usage
    )
    problems = disk_problems(tmp_path / "not" / "yet", adapter_bytes=100, keep=2)
    assert "JOPPO_RUNS" in problems[0]
    assert disk_problems(tmp_path, adapter_bytes=0, keep=2) == []


def test_all_problems_are_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check([])
    with pytest.raises(PreflightError, match="one; two"):
        check(["one", "two"])
    monkeypatch.setattr(preflight, "training_rows", lambda run: _rows(9))
    monkeypatch.setattr(preflight, "held_out_rows", lambda run: _rows(9))
    launch = LaunchConfig(accelerate="none.yaml")
    config = SftConfig(batch=30, launch=launch)
    run = Run("sft", config, Store(tmp_path), "v1", "p1", tmp_path)
    with pytest.raises(PreflightError) as told:
        before_launch(run)
    for part in ("use a batch of 28", "lower batch", "no file none.yaml", "9 of 9 photos"):
        assert part in str(told.value)
