"""What a judge knows about itself: written at the end of a training, carried on by a merge."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from joppo.data.questions.prompts import score_prompt
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.config import LoraSettings, SftConfig
from joppo.training.models.about import find_about, read_about
from joppo.training.models.base_model import load_base, load_processor, lora_config, resolve_base
from joppo.training.models.lineage import lineage
from joppo.training.models.model_folder import merge, model_digest, write_model
from joppo.training.runs.run_folder import Run
from tests.training.models.model_folders import write_run_json

QUALITY = Rubric(name="quality", attributes={"noise": "freedom from noise", "focus": "sharp"})
PIXELS = 3136


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished adapter that was trained on photos of at most `PIXELS` pixels."""
    from peft import get_peft_model

    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("about")
    config = SftConfig(base="embedded", max_pixels=PIXELS, max_completion_length=99)
    run = Run("sft", config, Store(place / "store"), "v1", "p1", place / "run")
    base = load_base(resolve_base("embedded"), SftConfig(bf16=False))
    adapted = get_peft_model(base, lora_config(LoraSettings(rank=2, alpha=2)))
    adapted.save_pretrained(run.folder / "checkpoint-1")
    about = lineage(run, "embedded", {}, steps=1, rubric=QUALITY)
    processor = load_processor(resolve_base("embedded"), PIXELS)
    write_model(run.model, run.folder / "checkpoint-1", processor, about)
    return run.model


def test_a_finished_judge_knows_how_it_is_asked(folder: Path) -> None:
    about = find_about(str(folder))
    assert about is not None
    assert (about.base, about.family, about.snapshot) == ("embedded", "qwen2_5_vl", "v1")
    assert about.rubric == QUALITY and about.rubric.names == ["noise", "focus"]
    assert about.prompt == score_prompt(QUALITY)
    assert about.answer == "<answer>Score: value, noise: value, focus: value</answer>"
    assert about.template.startswith("aesthetic-open-score@") and about.prompt_version >= 2
    assert (about.max_pixels, about.min_pixels, about.pixel_step) == (PIXELS, 784, 14)
    assert about.max_new_tokens == 99
    assert about.served_name == f"joppo-{about.digest[:16]}"


def test_the_merged_judge_carries_it_on_with_a_digest_of_its_own(
    folder: Path, tmp_path: Path
) -> None:
    values = json.loads((folder / "run.json").read_text())
    values["judge"]["prompt"] = "Words of an earlier version."
    earlier = tmp_path / "adapter"
    earlier.mkdir()
    for path in folder.iterdir():
        (earlier / path.name).write_bytes(path.read_bytes())
    (earlier / "run.json").write_text(json.dumps(values))
    merge(earlier, tmp_path / "whole")
    before, after = read_about(earlier), read_about(tmp_path / "whole")
    assert before is not None and after is not None and before.digest != after.digest
    assert after.digest == model_digest(tmp_path / "whole")
    assert after == replace(before, digest=after.digest)
    assert after.prompt == "Words of an earlier version."


def test_other_weights_or_another_base_are_another_judge(folder: Path, tmp_path: Path) -> None:
    values = json.loads((folder / "run.json").read_text())
    first = read_about(folder)
    del values["judge"]  # as an earlier version wrote it
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "run.json").write_text(json.dumps(values))
    assert read_about(tmp_path) == first
    values["parents"][0]["weights"] = "another base"
    (tmp_path / "run.json").write_text(json.dumps(values))
    other = read_about(tmp_path)
    assert first is not None and other is not None and other.digest != first.digest


def test_a_plain_model_knows_nothing_of_itself(tmp_path: Path) -> None:
    for model in ("embedded", "org/no-such-model", "no: name", str(tmp_path)):
        assert find_about(model) is None


def test_a_judge_of_compositions_alone_has_no_score_question(tmp_path: Path) -> None:
    about = read_about(write_run_json(tmp_path, scored=False))
    assert about is not None and (about.rubric, about.prompt) == (None, None)
