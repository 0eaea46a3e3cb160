"""A reply has the same bits in any row, beside any others, however many are at work."""

from typing import Any

import numpy as np
import pytest
import torch

from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.decoder import Decoder, Draws, Prompt
from joppo.training.judges.local_model import load, on_even_threads
from joppo.training.judges.model_inputs import PromptMaker
from joppo.training.judges.text_model import TextModel
from joppo.training.judges.vision_model import vision_of
from joppo.training.trainer.held_out import complete
from tests.training.judges.asking import PROMPT, photo_bytes

pytestmark = pytest.mark.usefixtures("one_thread")
LIMIT = 8
COUNT = 10


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    model, processor = load(LocalJudgeConfig())
    return (model, TextModel(model), vision_of(model.model.visual)), processor


@pytest.fixture(scope="module")
def pictures() -> list[Any]:
    from io import BytesIO

    from PIL import Image

    return [Image.open(BytesIO(photo_bytes(seed))) for seed in range(COUNT)]


@pytest.fixture(scope="module")
def prompts(loaded: tuple[Any, Any], pictures: list[Any]) -> list[Prompt]:
    model, processor = loaded
    maker = PromptMaker(processor, model[0].model.get_rope_index)
    return [maker.prompt(picture, PROMPT) for picture in pictures]


class Watched(Decoder):
    """Keeps the scores behind every token of every reply, by ticket."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.scores: dict[Any, list[torch.Tensor]] = {}

    def _choose(self, logits: torch.Tensor, replies: Any) -> list[int]:
        for row, reply in zip(logits, replies, strict=True):
            self.scores.setdefault(reply.ticket, []).append(row.clone())
        return super()._choose(logits, replies)


def write(
    model: Any, prompts: list[Prompt], order: list[int], draws: Draws = None, **values: Any
) -> tuple[dict[Any, list[int]], dict[Any, torch.Tensor]]:
    """Tokens and score bits of each prompt, started in this order as room allows."""
    decoder = Watched(*model, **{"rows": 16, "batch": 16, "max_new_tokens": LIMIT} | values)
    waiting, tokens = list(order), {}
    while waiting or decoder.at_work:
        while waiting and decoder.room:
            number = waiting.pop(0)
            decoder.start(decoder.read(prompts[number]), [number], [draws])
        tokens |= dict(decoder.step())
    return tokens, {ticket: torch.stack(rows) for ticket, rows in decoder.scores.items()}


def same_bits(a: dict[Any, torch.Tensor], b: dict[Any, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_bits_do_not_depend_on_batch_row_or_neighbours(
    loaded: tuple[Any, Any], prompts: list[Prompt]
) -> None:
    model, _ = loaded
    everyone = list(range(COUNT))
    tokens, alone = write(model, prompts, everyone, batch=1)
    assert len({tuple(t) for t in tokens.values()}) > 1
    for batch in (4, 16, 40):
        assert same_bits(write(model, prompts, everyone, batch=batch)[1], alone)
    shuffled = np.random.default_rng(0).permutation(COUNT).tolist()
    assert same_bits(write(model, prompts, shuffled, batch=7)[1], alone)
    few = write(model, prompts, [9, 3])[1]
    assert all(torch.equal(few[k], alone[k]) for k in (3, 9))


def test_nor_with_two_threads(loaded: tuple[Any, Any], prompts: list[Prompt]) -> None:
    torch.set_num_threads(2)
    try:
        values = {"max_new_tokens": 3, "rows": 8}
        alone = write(loaded[0], prompts, [0, 1, 2, 3, 4], batch=1, **values)[1]
        assert same_bits(write(loaded[0], prompts, [4, 2, 3, 0, 1], batch=5, **values)[1], alone)
    finally:
        torch.set_num_threads(1)


def test_greedy_replies_are_those_of_generate(
    loaded: tuple[Any, Any], pictures: list[Any], prompts: list[Prompt]
) -> None:
    model, processor = loaded
    tokens, _ = write(model, prompts, list(range(4)), max_new_tokens=110)
    texts = [processor.tokenizer.decode(tokens[n], skip_special_tokens=True) for n in range(4)]
    asked = [([picture], PROMPT) for picture in pictures[:4]]
    assert texts == list(complete(model[0], processor, asked, 110, batch=1))


def test_a_row_is_given_on_as_soon_as_its_reply_has_ended(
    loaded: tuple[Any, Any], prompts: list[Prompt]
) -> None:
    """With two rows, three replies of n steps that begin a step apart take less than 2 n steps."""
    decoder = Decoder(*loaded[0], rows=2, batch=2, max_new_tokens=LIMIT)
    decoder.start(decoder.read(prompts[0]), ["first"], [None])
    ended = {ticket: 0 for ticket, _ in decoder.step()}
    decoder.start(decoder.read(prompts[0]), ["second"], [None])
    steps = 1
    while decoder.at_work:
        steps += 1
        for ticket, _ in decoder.step():
            ended[ticket] = steps
            if ticket == "first":
                decoder.start(decoder.read(prompts[0]), ["third"], [None])
    one = LIMIT - 1  # the first token comes with the prompt
    assert ended == {"first": one, "second": one + 1, "third": 2 * one}


def test_draws_choose_by_their_numbers_alone(
    loaded: tuple[Any, Any], prompts: list[Prompt]
) -> None:
    model, _ = loaded
    numbers = np.random.default_rng(1).random(LIMIT)
    first, bits = write(model, prompts, [0, 1, 2], numbers, batch=1)
    again, again_bits = write(model, prompts, [2, 1, 0], numbers, batch=16)
    assert first == again and same_bits(bits, again_bits)
    other, _ = write(model, prompts, [0], np.random.default_rng(2).random(LIMIT))
    assert other[0] != first[0]


def test_drawn_tokens_follow_the_model_s_chances(
    loaded: tuple[Any, Any], prompts: list[Prompt]
) -> None:
    """2,000 first tokens against the softmax: chi-squared, 0.1% of worlds would fail."""
    from scipy.stats import chi2

    model, _ = loaded
    decoder = Decoder(*model, rows=4, batch=4, max_new_tokens=1)
    logits = decoder.read(prompts[0]).logits
    chances = (logits.double() / 2).softmax(-1).numpy()
    decoder.temperature = 2.0
    numbers = np.random.default_rng(3).random((2000, 1))

    class Empty:
        def __init__(self, draws: np.ndarray) -> None:
            self.draws, self.tokens = draws, list[int]()

    drawn = [decoder._choose(logits[None], [Empty(n)])[0] for n in numbers]  # type: ignore[list-item]
    counts = np.bincount(drawn, minlength=len(chances))
    often = chances * 2000 >= 5
    expected = np.append(chances[often], chances[~often].sum()) * 2000
    seen = np.append(counts[often], counts[~often].sum())
    statistic = ((seen - expected) ** 2 / np.maximum(expected, 1e-12)).sum()
    assert statistic < chi2.ppf(0.999, len(expected) - 1)


def test_capacity_follows_from_the_prompt_alone(
    loaded: tuple[Any, Any], prompts: list[Prompt]
) -> None:
    decoder = Decoder(*loaded[0], rows=4, batch=4, max_new_tokens=110)
    needed = [prompt.input_ids.shape[1] + 110 for prompt in prompts]
    assert len(set(needed)) > 1
    for prompt, least in zip(prompts, needed, strict=True):
        assert least <= decoder.capacity(prompt.input_ids.shape[1]) < 1.25 * least + 64


def test_threads_split_the_rows_evenly() -> None:
    try:
        for threads, rows, expected in ((2, 32, 2), (3, 32, 2), (3, 6, 3), (5, 7, 1)):
            torch.set_num_threads(threads)
            on_even_threads(torch.device("cpu"), rows)
            assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(1)
