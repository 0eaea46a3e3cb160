"""The judge that a process keeps between the shards of a scoring."""

from pathlib import Path
from typing import Any

import pytest

from joppo.tasks import score
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.scoring.config import ScoringConfig
from tests.training.models.model_folders import write_run_json


def test_a_folder_that_was_trained_again_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run_json(tmp_path / "model")
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"first")
    config = ScoringConfig(judge=LocalJudgeConfig(model=str(folder)))
    opened: list[Any] = []

    def open_judge(judge: Any, store: str) -> object:
        opened.append(judge)
        return object()

    monkeypatch.setattr(score, "open_judge", open_judge)

    def judge() -> object:
        return score._judge(config, score.recipe_of(config).judge, str(tmp_path))

    first = judge()
    assert judge() is first and len(opened) == 1
    (folder / "model.safetensors").write_bytes(b"trained again")
    assert judge() is not first and len(opened) == 2
