"""A model folder is pushed whole, with the token of the environment, which shows up nowhere."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from joppo.training.models.hub import PushError, push
from joppo.training.runs.checkpoints import seal
from tests.mocks.hub_server import Hub, hub

TOKEN = "hf_only-for-this-test"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    # Else the client asks the real hub for things to tell it about this machine.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    # The mock speaks the protocol of Git LFS.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with hub(TOKEN) as state:
        yield state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    place.mkdir()
    save_file({"w": torch.ones(3)}, place / "adapter_model.safetensors")
    base = "Qwen/Qwen2.5-VL-7B-Instruct"
    (place / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))
    (place / "run.json").write_text(json.dumps({"run": "sft-1", "base": base}))
    (place / "README.md").write_text("# Judge sft-1\n")
    seal(place)
    return place


def test_every_file_arrives(
    server: Hub, folder: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    url = push(folder, "lab/judge", endpoint=server.url)
    assert url == f"{server.url}/lab/judge/commit/c0ffee"
    assert server.repos["lab/judge"] == {p.name: p.read_bytes() for p in folder.iterdir()}
    assert server.visibility == {"lab/judge": "private"}
    assert server.messages == ["Run sft-1"]
    push(folder, "lab/judge", endpoint=server.url)
    push(folder, "lab/open", private=False, endpoint=server.url)
    assert server.visibility["lab/open"] == "public"
    out, err = capfd.readouterr()
    assert TOKEN not in caplog.text + out + err


def test_a_refusal_names_the_repository_and_not_the_token(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong-one")
    with pytest.raises(PushError, match=r"the hub did not take lab/judge: .*401") as told:
        push(folder, "lab/judge", endpoint=server.url)
    assert "hf_wrong-one" not in str(told.value) and told.value.__cause__ is None
    with pytest.raises(PushError, match="no name of a repository"):
        push(folder, "not a name", endpoint=server.url)


def test_what_nobody_could_load_is_not_pushed(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PushError, match=r"set \$HF_TOKEN"):
        push(folder, "lab/judge", endpoint=server.url)
    (folder / "run.json").write_text(json.dumps({"run": "sft-1", "base": "embedded"}))
    with pytest.raises(PushError, match="no whole model folder"):
        push(folder, "lab/judge", endpoint=server.url)
    seal(folder)
    with pytest.raises(PushError, match=r"on this machine only.*merge"):
        push(folder, "lab/judge", endpoint=server.url)
    assert server.repos == {}
