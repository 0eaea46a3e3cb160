"""Prompts prepared once per text are those that the processor makes for each photo."""

from io import BytesIO
from typing import Any

import pytest
import torch
from PIL import Image

from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.local_model import load
from joppo.training.judges.model_inputs import PromptMaker
from tests.training.judges.asking import PROMPT, photo_bytes


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    return load(LocalJudgeConfig())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", [PROMPT, "What is it? <b>Ünïcode</b> 北"])
def test_equal_to_the_processor(loaded: tuple[Any, Any], seed: int, text: str) -> None:
    model, processor = loaded
    photo = Image.open(BytesIO(photo_bytes(seed)))
    content = [{"type": "image", "image": photo}, {"type": "text", "text": text}]
    wanted = processor.apply_chat_template(
        [[{"role": "user", "content": content}]],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        processor_kwargs={"return_tensors": "pt"},
    )
    made = PromptMaker(processor, model.model.get_rope_index).prompt(photo, text)
    assert torch.equal(made.input_ids, wanted["input_ids"])
    assert torch.equal(made.pixel_values, wanted["pixel_values"])
    assert torch.equal(made.image_grid_thw, wanted["image_grid_thw"])
    positions, delta = model.model.get_rope_index(
        wanted["input_ids"],
        image_grid_thw=wanted["image_grid_thw"],
        mm_token_type_ids=wanted["mm_token_type_ids"],
    )
    assert torch.equal(made.positions, positions) and made.delta == int(delta)


def test_another_text_about_the_same_photo(loaded: tuple[Any, Any]) -> None:
    model, processor = loaded
    maker = PromptMaker(processor, model.model.get_rope_index)
    photo = Image.open(BytesIO(photo_bytes(1)))
    again = maker.again(maker.prompt(photo, PROMPT), "Another question.")
    wanted = maker.prompt(photo, "Another question.")
    assert torch.equal(again.input_ids, wanted.input_ids)
    assert torch.equal(again.pixel_values, wanted.pixel_values)


def test_a_text_that_holds_the_photo_s_token_is_refused(loaded: tuple[Any, Any]) -> None:
    model, processor = loaded
    maker = PromptMaker(processor, model.model.get_rope_index)
    photo = Image.open(BytesIO(photo_bytes(1)))
    with pytest.raises(ValueError, match="image tokens"):
        maker.prompt(photo, "<|image_pad|> and what is this?")
