"""A judge that samples with its adapter merged says the same, and is left with the same bits."""

from typing import Any

import pytest
import torch
from peft import get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer

from joppo.training.config import EMBEDDED, LoraSettings, SftConfig
from joppo.training.models.base_model import load_base, lora_config, resolve_base
from joppo.training.trainer.merged import merged

IDS = torch.tensor([[9, 12, 40, 7, 300], [5, 80, 81, 6 + 5, 2]])


@pytest.fixture
def judge() -> Any:
    torch.manual_seed(0)
    lora = lora_config(LoraSettings(rank=4, alpha=4))
    lora.init_lora_weights = False
    return get_peft_model(load_base(resolve_base(EMBEDDED), SftConfig(bf16=False)), lora).eval()


def logits(judge: Any) -> torch.Tensor:
    with torch.no_grad():
        return judge(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits


def test_the_merged_judge_says_the_same_and_is_put_back_bit_by_bit(judge: Any) -> None:
    before, weights = logits(judge), {n: w.clone() for n, w in judge.state_dict().items()}
    with merged(judge):
        layers = [one for one in judge.modules() if isinstance(one, BaseTunerLayer)]
        assert layers and all(layer.merged for layer in layers)
        within = logits(judge)
        changed = [n for n, w in judge.state_dict().items() if not torch.equal(w, weights[n])]
    assert len(changed) == len(layers)
    torch.testing.assert_close(within, before, rtol=1e-4, atol=1e-4)
    assert not any(layer.merged for layer in layers)
    assert all(torch.equal(w, weights[n]) for n, w in judge.state_dict().items())
    assert torch.equal(logits(judge), before)


def test_it_is_put_back_after_an_error_too(judge: Any) -> None:
    before = logits(judge)
    with pytest.raises(RuntimeError, match="no memory"), merged(judge):
        raise RuntimeError("no memory")
    assert torch.equal(logits(judge), before)
