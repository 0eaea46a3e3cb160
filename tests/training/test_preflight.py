"""Refusals come before any work and name the value to change."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from data.store import Store
from training.config import JoppoConfig, LaunchConfig, SftConfig
from training.preflight import (
    PreflightError,
    check,
    data_problems,
    disk_problems,
    joppo_problems,
    launch_problems,
    sft_problems,
)


def test_the_defaults_pass() -> None:
    assert sft_problems(SftConfig(), 1000) == []
    assert joppo_problems(JoppoConfig(), 1000) == []


@pytest.mark.parametrize(
    ("change", "rows", "remedy"),
    [
        ({"batch": 30, "per_device_batch": 4}, 99, "use a batch of 28"),
        ({"launch": LaunchConfig(processes=3)}, 99, "use a batch of 24"),
        ({}, 31, "lower batch"),
    ],
)
def test_sft(change: dict[str, object], rows: int, remedy: str) -> None:
    assert remedy in sft_problems(SftConfig(**change), rows)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "rows", "remedy"),
    [
        ({"photos": 8, "group": 6, "per_device_batch": 5}, 99, "change per_device_batch or photos"),
        ({"photos": 8, "per_device_batch": 16, "updates_per_batch": 2}, 99, "updates_per_batch 2"),
        ({"photos": 8}, 7, "trains zero steps"),
        ({"photos": 8, "iterations": 2, "save_steps": 5}, 99, "use a multiple of 2"),
    ],
)
def test_joppo(change: dict[str, object], rows: int, remedy: str) -> None:
    problems = joppo_problems(JoppoConfig(**change), rows)  # type: ignore[arg-type]
    assert len(problems) == 1
    assert remedy in problems[0]


def test_one_photo_is_no_batch() -> None:
    with pytest.raises(ValueError, match="photos"):
        JoppoConfig(photos=1)


def test_missing_photos_are_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _, there = store.put_image(b"1", "png")
    rows = [{"uri": there}, {"uri": "images/no/no.png", "second_uri": there}]
    assert data_problems(rows[:1], store) == []
    assert "1 of 2 photos" in data_problems(rows, store)[0]
    assert "images/no/no.png" in data_problems(rows, store)[0]


def test_a_small_disk_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(total=10, used=9, free=1)
    monkeypatch.setattr("training.preflight.shutil.disk_usage", lambda path: usage)
    problems = disk_problems(tmp_path / "not" / "yet", adapter_bytes=100, keep=2)
    assert "JOPPO_RUNS" in problems[0]
    assert disk_problems(tmp_path, adapter_bytes=0, keep=2) == []


def test_a_launcher_that_starts_fewer_processes_is_found_out() -> None:
    config = SftConfig(launch=LaunchConfig(processes=2))
    assert launch_problems(config, 2) == []
    assert "1 processes run where launch.processes asks for 2" in launch_problems(config, 1)[0]


def test_all_problems_are_said_at_once() -> None:
    check([])
    with pytest.raises(PreflightError, match="one; two"):
        check(["one", "two"])
