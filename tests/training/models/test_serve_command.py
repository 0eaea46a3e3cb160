"""The vLLM command of a judge: its name, its photos, and all that answers depend on."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from joppo.training.models.about import read_about
from joppo.training.models.serve_command import ServeError, lora_rank, model_length, vllm_command
from tests.training.models.model_folders import write_run_json

NAME = f"joppo-{'ab' * 8}"
LAYER = "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight"


def adapter(folder: Path, layer: str = LAYER, rank: int = 48) -> Path:
    """A folder that looks like a judge's adapter."""
    write_run_json(folder)
    config = {"r": rank, "base_model_name_or_path": "/on/another/machine"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file({layer: torch.zeros(2, 2)}, folder / "adapter_model.safetensors")
    return folder


def options(command: list[str]) -> dict[str, str]:
    """Option -> the word after it."""
    return dict(pairwise(command))


def test_a_whole_model_is_served_under_its_digest(tmp_path: Path) -> None:
    folder = write_run_json(tmp_path / "m", max_pixels=602112, pixel_step=28, max_new_tokens=512)
    (folder / "chat_template.jinja").write_text("")
    command = vllm_command(folder)
    assert command[:3] == ["vllm", "serve", str(folder)] and "--enable-lora" not in command
    given = options(command)
    assert given["--served-model-name"] == NAME
    assert json.loads(given["--mm-processor-kwargs"]) == {"min_pixels": 784, "max_pixels": 602112}
    assert json.loads(given["--limit-mm-per-prompt"]) == {"image": 1}
    assert given["--generation-config"] == "vllm" and given["--dtype"] == "bfloat16"
    assert given["--chat-template"] == str(folder / "chat_template.jinja")
    # 768 tokens of the photo, the question, and two answers.
    assert int(given["--max-model-len"]) == 2816


def test_an_adapter_is_served_on_its_base(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "m")
    values = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**values, "base": "org/base@v2"}))
    command = vllm_command(folder)
    given = options(command)
    assert command[2] == "org/base" and given["--revision"] == "v2"
    assert "--enable-lora" in command and given["--max-lora-rank"] == "64"
    assert given["--lora-modules"] == f"{NAME}={folder}"
    assert "--served-model-name" not in command and "--chat-template" not in command


def test_what_cannot_be_served_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match=r"no run\.json"):
        vllm_command(tmp_path)
    with pytest.raises(ServeError, match=r"vision tower.*merge it"):
        vllm_command(adapter(tmp_path / "m", LAYER.replace("language_model", "visual")))
    with pytest.raises(ServeError, match="up to rank 512"):
        lora_rank(513)
    assert [lora_rank(rank) for rank in (1, 4, 64, 257)] == [1, 8, 64, 320]


def test_a_conversation_fits(tmp_path: Path) -> None:
    about = read_about(write_run_json(tmp_path))
    assert about is not None and model_length(about) % 256 == 0
    assert model_length(about) >= 4900 // 14**2 + 1024 + 2 * 64
