"""The language model as scoring runs it computes what transformers' modules compute."""

from typing import Any

import pytest
import torch

from joppo.training.judges.batch_slots import Slots
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.local_model import load
from joppo.training.judges.text_model import TextModel


@pytest.fixture(scope="module")
def model() -> Any:
    return load(LocalJudgeConfig())[0]


@pytest.fixture(scope="module")
def older() -> Any:
    """A random Qwen2-VL, whose language model is the same."""
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    torch.manual_seed(1)
    size = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 6}
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}
    config = Qwen2VLConfig(
        text_config={
            **size,
            "num_key_value_heads": 2,
            "intermediate_size": 64,
            "vocab_size": 99,
            "rope_parameters": rope,
            "pad_token_id": 0,
            "eos_token_id": 1,
        },
        vision_config={"depth": 1, "embed_dim": 16, "hidden_size": 48, "num_heads": 2},
    )
    made = Qwen2VLForConditionalGeneration(config).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


@pytest.mark.parametrize("kind", ["model", "older"])
@torch.inference_mode()
def test_prompts_and_steps_are_those_of_transformers(
    kind: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)
    torch.manual_seed(0)
    vocabulary = model.config.text_config.vocab_size
    tokens = torch.randint(0, vocabulary, (1, 30))
    count = torch.arange(30)
    positions = torch.stack([count, count // 2, count % 7])[:, None]
    language = model.model.language_model
    vectors = language.embed_tokens(tokens)
    wanted = language(inputs_embeds=vectors, position_ids=positions, use_cache=True)
    scores = model.lm_head(wanted.last_hidden_state)[0, -1]
    next_token, at = torch.tensor([[5]]), torch.full((3, 1, 1), 12)
    following = language(
        input_ids=next_token, position_ids=at, past_key_values=wanted.past_key_values
    )

    text = TextModel(model)
    read, mine = text.read(text.embed(tokens), positions)
    torch.testing.assert_close(mine, scores, rtol=1e-4, atol=1e-4)
    slots = Slots(read, 4, 64)
    slots.fill(2, read)
    turns = tuple(t[0].transpose(0, 1)[:, None].expand(4, 1, 1, -1) for t in text.turns(at))
    all_rows = next_token.expand(4, 1)
    where = (slots.written, slots.next_position, slots.mask)
    stepped = text.step(all_rows, turns, *where)[2]  # type: ignore[arg-type]
    wanted_scores = model.lm_head(following.last_hidden_state)[0, -1]
    torch.testing.assert_close(stepped, wanted_scores, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_weights_are_shared_with_the_model(model: Any) -> None:
    text = TextModel(model)
    attention = model.model.language_model.layers[0].self_attn
    before = attention.k_proj.weight.clone()
    attention.k_proj.weight.data += 1
    rows = attention.q_proj.out_features
    assert torch.equal(text.layers[0].qkv[rows : rows + len(before)], before + 1)
    attention.k_proj.weight.data -= 1
