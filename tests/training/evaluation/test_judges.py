"""Which judge an entry of the config means, and what is said where it is missing."""

import json
from pathlib import Path

import pytest

from joppo.data.store.store import Store
from joppo.training.evaluation.judges import SameJudgeError, latest_model, named_judge, named_judges
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.local_model import ModelFolderError
from joppo.training.runs.checkpoints import seal
from joppo.training.trainer.prepare import ModelNotFoundError

LOCAL = LocalJudgeConfig()


def finish(store: Store, stage: str, run: str, weights: bytes = b"w") -> Path:
    """A folder that looks like a finished model of a stage."""
    folder = Path(store.root) / "runs" / run / "model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    about = {"run": run, "config": {"max_completion_length": 64}}
    (folder / "run.json").write_text(json.dumps(about))
    seal(folder)
    store.write_bytes(f"runs/latest-{stage}", f"{run}\n".encode())
    return folder


def test_latest_means_the_run_that_was_finished_last(tmp_path: Path) -> None:
    store = Store(tmp_path)
    finish(store, "sft", "sft-1")
    first = named_judge("latest-sft", LOCAL, store)
    folder = finish(store, "sft", "sft-2", b"other")
    second = named_judge("latest-sft", LOCAL, store)
    assert (first.label, first.name.split("@")[0]) == ("latest-sft", "sft-1")
    assert second.name.split("@")[0] == "sft-2" and latest_model("sft", store) == folder
    assert named_judge(str(folder), LOCAL, store).name == second.name


@pytest.mark.parametrize("stage", ["sft", "joppo"])
def test_a_missing_stage_is_named_with_what_makes_it(tmp_path: Path, stage: str) -> None:
    with pytest.raises(ModelNotFoundError, match=f"train-{stage}"):
        named_judge(f"latest-{stage}", LOCAL, Store(tmp_path))


def test_a_model_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = finish(store, "joppo", "joppo-1")
    (folder / "model.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelNotFoundError, match="not a whole model"):
        named_judge("latest-joppo", LOCAL, store)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="no model"):
        named_judge(str(tmp_path / "nowhere"), LOCAL, Store(tmp_path))


def test_what_shapes_answers_is_part_of_the_name(tmp_path: Path) -> None:
    store = Store(tmp_path)
    plain = named_judge("embedded", LOCAL, store)
    longer = named_judge("embedded", LocalJudgeConfig(max_new_tokens=7), store)
    faster = named_judge("embedded", LocalJudgeConfig(batch=7), store)
    assert plain.name != longer.name and plain.name == faster.name
    assert named_judge("embedded", LOCAL, store, samples=4).name == f"{plain.name}*4"


def test_one_judge_under_two_names_is_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = finish(store, "sft", "sft-1")
    with pytest.raises(SameJudgeError, match="latest-sft"):
        named_judges(["latest-sft", str(folder)], LOCAL, store)
