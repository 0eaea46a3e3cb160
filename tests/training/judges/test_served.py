"""A judge of ours behind a server: known by its weights, asked as it was trained."""

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.teachers.ask import close_gateways
from joppo.data.teachers.base import AuthError, ProviderDown
from joppo.training.judges.config import EndpointJudgeConfig, endpoint_values, trained_here
from joppo.training.judges.endpoint import EndpointJudge, describe
from joppo.training.judges.served_models import WrongServerError
from joppo.training.models.base_model import load_processor, resolve_base
from joppo.training.models.pixels import as_read
from tests.mocks import llm_servers
from tests.mocks.llm_servers import LLMServer
from tests.training.judges.asking import photo_bytes, question, questions
from tests.training.models.model_folders import write_run_json

ATTRIBUTES = "composition: 0.1, color: 0.1, light: 0.1, depth_of_field: 0.1, content: 0.1"
RETRAINED = "cd" * 32
PIXELS = 50176


def answer_text(total: str) -> str:
    return f"<think>Calm.</think><answer>Score: {total}, {ATTRIBUTES}</answer>"


@pytest.fixture(autouse=True)
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A model's name decides what it answers, as its weights would."""

    def text(body: str, item: str, outcome: str, detail: str) -> str:
        served = json.loads(body)["model"]
        return answer_text("0.20" if served == f"joppo-{RETRAINED[:16]}" else "0.70")

    monkeypatch.setattr(llm_servers, "_text", text)
    monkeypatch.delenv("JOPPO_JOURNAL", raising=False)
    yield
    close_gateways()


def config_of(
    folder: Path | None, url: str, named: str | None = None, **teacher: Any
) -> EndpointJudgeConfig:
    place = None if folder is None else str(folder)
    values = endpoint_values(url, named, folder=place, **teacher)
    return EndpointJudgeConfig.model_validate(values)


def test_the_folder_says_all_but_the_address(tmp_path: Path) -> None:
    folder = write_run_json(tmp_path / "m", run="joppo-7")
    values = {"kind": "endpoint", "model": str(folder), "teacher": {"base_url": "http://h/v1"}}
    config = EndpointJudgeConfig.model_validate(values)
    teacher = config.teacher
    assert teacher.model == f"joppo-{'ab' * 8}" and teacher.name == "joppo-7"
    assert (teacher.provider, teacher.max_tokens) == ("openai-compatible", 64)
    assert teacher.temperature == 0.0 and describe(config).startswith("joppo-7@")
    assert EndpointJudgeConfig.model_validate(config.as_dict()) == config


def test_a_constant_name_is_refused(tmp_path: Path) -> None:
    folder = write_run_json(tmp_path / "m")
    with pytest.raises(ValidationError, match=rf"server for judge, .* as joppo-{'ab' * 8}"):
        config_of(folder, "http://h/v1", "judge")
    with pytest.raises(ValidationError, match=r"no run\.json"):
        config_of(tmp_path, "http://h/v1")


def test_a_retrained_judge_gives_answers_of_its_own(tmp_path: Path) -> None:
    """The same folder, server and store; only the weights are others."""
    folder = tmp_path / "m"
    first = trained_here(str(write_run_json(folder)))
    asked = questions(1)
    with LLMServer(models=[first.served_name, f"joppo-{RETRAINED[:16]}"]) as server:
        config = config_of(folder, server.openai_url)
        (before,) = EndpointJudge(config, str(tmp_path)).ask(asked)
        name = describe(config)
        write_run_json(folder, digest=RETRAINED)
        again = config_of(folder, server.openai_url)
        (after,) = EndpointJudge(again, str(tmp_path)).ask(asked)
    assert (before.judgement.total, after.judgement.total) == (0.7, 0.2)
    assert describe(again) != name


def test_a_judge_of_ours_has_one_name_wherever_it_is_served(tmp_path: Path) -> None:
    folder = write_run_json(tmp_path / "m")
    name = describe(config_of(folder, "http://one/v1"))
    assert describe(config_of(folder, "http://two/v1")) == name
    assert describe(config_of(folder, "http://one/v1", image_size=64)) == name
    assert describe(config_of(folder, "http://one/v1", max_tokens=9)) != name
    write_run_json(tmp_path / "m", max_pixels=9800)
    assert describe(config_of(folder, "http://one/v1")) != name


def test_two_servers_are_two_judges_where_weights_cannot_be_seen(tmp_path: Path) -> None:
    """One store, one model name, two addresses: the second server is asked as well."""
    asked = questions(1)
    with LLMServer() as one, LLMServer() as two:
        names = set()
        for server in (one, two):
            config = config_of(None, server.openai_url, "judge")
            list(EndpointJudge(config, str(tmp_path)).ask(asked))
            names.add(describe(config))
        assert len(one.log) == len(two.log) == 1
    assert len(names) == 2


@pytest.mark.parametrize("offered", [["judge", "joppo-0123"], []])
def test_a_server_without_the_judge_is_refused_before_anything_is_asked(
    offered: list[str], tmp_path: Path
) -> None:
    folder = write_run_json(tmp_path / "m")
    with LLMServer(models=offered) as server:
        judge = EndpointJudge(config_of(folder, server.openai_url), str(tmp_path))
        with pytest.raises(WrongServerError) as refused:
            list(judge.ask(questions(2)))
        assert not server.log
    message = str(refused.value)
    assert f"joppo-{'ab' * 8}" in message
    assert all(name in message for name in offered or ["no model"])


def test_other_addresses_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run_json(tmp_path / "m")
    with LLMServer() as server:
        forgotten = EndpointJudge(config_of(folder, server.gemini_url), str(tmp_path))
        with pytest.raises(WrongServerError, match=r"end in /v1\?"):
            list(forgotten.ask(questions(1)))
    gone = EndpointJudge(config_of(folder, "http://127.0.0.1:9/v1"), str(tmp_path))
    with pytest.raises(ProviderDown, match="is the server running"):
        list(gone.ask(questions(1)))
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    with pytest.raises(AuthError, match="JUDGE_KEY"):
        EndpointJudge(config_of(folder, "http://h/v1", api_key_env="JUDGE_KEY"), str(tmp_path))


def test_the_server_sees_what_training_saw(tmp_path: Path) -> None:
    """The bytes that are sent, decoded and preprocessed as a server does: not one value differs.

    A JPEG of 768 pixels, as other endpoints get, gives another grid and other pixels.
    """
    folder = write_run_json(tmp_path / "m", max_pixels=PIXELS)
    content = photo_bytes(3, (900, 611))
    with LLMServer(models=[trained_here(str(folder)).served_name]) as server:
        list(
            EndpointJudge(config_of(folder, server.openai_url), str(tmp_path)).ask(
                [question(content)]
            )
        )
        (sent,) = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", server.bodies[0])
    picture = Image.open(io.BytesIO(base64.b64decode(sent)))
    images = load_processor(resolve_base("embedded"), PIXELS).image_processor
    trained = images(images=[load_photo(content)], return_tensors="pt")
    seen = images(images=[picture.convert("RGB")], return_tensors="pt")
    assert torch.equal(seen["image_grid_thw"], trained["image_grid_thw"])
    assert torch.equal(seen["pixel_values"], trained["pixel_values"])
    # A server that allows more pixels leaves the picture as it is, too.
    wide = load_processor(resolve_base("embedded"), 4 * PIXELS).image_processor
    assert torch.equal(
        wide(images=[picture], return_tensors="pt")["pixel_values"], trained["pixel_values"]
    )


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.integers(8, 700), st.integers(8, 700), st.integers(0, 9))
def test_any_photo_reads_the_same_after_the_processor_and_before(
    width: int, height: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    photo = Image.fromarray(pixels)
    processor = load_processor(resolve_base("embedded"), PIXELS).image_processor
    about = trained_here_with(PIXELS)
    before = processor(images=[photo], return_tensors="pt")
    after = processor(images=[as_read(photo, about)], return_tensors="pt")
    assert torch.equal(before["image_grid_thw"], after["image_grid_thw"])
    assert torch.equal(before["pixel_values"], after["pixel_values"])


def trained_here_with(max_pixels: int) -> Any:
    """A judge that was trained with this limit, as far as pixels go."""
    from types import SimpleNamespace

    return SimpleNamespace(pixel_step=14, min_pixels=784, max_pixels=max_pixels)


def test_a_photo_that_no_judge_can_take_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="crop the photo"):
        as_read(Image.new("RGB", (900, 4)), trained_here_with(PIXELS))
    folder = write_run_json(tmp_path / "m")
    with LLMServer(models=[trained_here(str(folder)).served_name]) as server:
        judge = EndpointJudge(config_of(folder, server.openai_url), str(tmp_path))
        (reply,) = judge.ask([question(photo_bytes(1, (900, 4)))])
        assert reply.judgement.reason == "too_elongated" and not server.log
