"""Greedy answers to held-out rows: figures that training should improve, or at least keep.

| figure | |
|---|---|
| `srcc_total`, `plcc_total` | of totals with people's, in [-1, 1]; in SFT with the totals taught |
| `accuracy`, `accuracy_<task>` | share of right choices and names |
| `parse_rate` | share of answers in the agreed form |
| `cut_off` | share of answers that reached `max_completion_length` |
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from joppo.data.store.hashing import unit_interval
from joppo.data.store.store import Store
from joppo.training.metrics.correlation import plcc, srcc
from joppo.training.metrics.missing import for_ranks, for_values
from joppo.training.trainer.examples import Row, photo
from joppo.training.trainer.readings import Reading, is_scored

Rows = Sequence[Row]
Prompt = tuple[list[Any], str]
Figures = dict[str, float]


def pick(rows: Rows, count: int) -> list[Row]:
    """At most `count` rows, chosen by content hash: half of them scored photos, if there are."""
    ordered = sorted(rows, key=_place)
    scored = [row for row in ordered if is_scored(row)]
    others = [row for row in ordered if not is_scored(row)]
    share = max(count // 2, count - len(others))
    chosen = scored[:share]
    return sorted([*chosen, *others[: count - len(chosen)]], key=_place)


def _place(row: Row) -> float:
    return unit_interval("held-out", row["key"])


class Reply(NamedTuple):
    """One greedy answer."""

    text: str
    cut: bool
    """whether it ends because it reached the limit of tokens"""


def answers(
    model: Any, processor: Any, prompts: Sequence[Prompt], max_new_tokens: int, batch: int = 16
) -> Iterator[Reply]:
    """Greedy answers to (photos, user text) pairs, in order."""
    import torch

    ends = _ends(model)
    for first in range(0, len(prompts), batch):
        chats = [
            [
                {
                    "role": "user",
                    "content": [
                        *({"type": "image", "image": one} for one in photos),
                        {"type": "text", "text": text},
                    ],
                }
            ]
            for photos, text in prompts[first : first + batch]
        ]
        inputs = processor.apply_chat_template(
            chats,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            processor_kwargs={"padding": True, "return_tensors": "pt"},
        ).to(model.device)
        with torch.inference_mode():
            tokens = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        new = tokens[:, inputs["input_ids"].shape[1] :]
        texts = processor.batch_decode(new, skip_special_tokens=True)
        for text, last in zip(texts, new[:, -1].tolist(), strict=True):
            yield Reply(text, last not in ends)


def _ends(model: Any) -> set[int]:
    """The tokens that end an answer, or follow its end."""
    config = model.generation_config
    ends = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    return {*ends, config.pad_token_id}


def complete(
    model: Any, processor: Any, prompts: Sequence[Prompt], max_new_tokens: int, batch: int = 16
) -> Iterator[str]:
    """The texts of `answers`."""
    return (reply.text for reply in answers(model, processor, prompts, max_new_tokens, batch))


@dataclass(frozen=True)
class HeldOut:
    """The held-out rows of a run, and how a judge is asked and read."""

    rows: Rows
    store: Store
    processor: Any
    prompt: Callable[[Row], str]
    read: Callable[[Row, str], Reading]
    max_new_tokens: int
    batch: int

    def figures(self, model: Any) -> Figures:
        """The figures of a judge, the same on every process; collective: each answers a share."""
        from accelerate import PartialState
        from accelerate.utils import gather_object

        state = PartialState()
        own = range(state.process_index, len(self.rows), state.num_processes)
        prompts = [self._ask(self.rows[i]) for i in own]
        replies = answers(model, self.processor, prompts, self.max_new_tokens, self.batch)
        given = dict(gather_object(list(zip(own, replies, strict=True))))
        ordered = [Reply(*given[i]) for i in range(len(self.rows))]
        readings = [
            self.read(row, reply.text) for row, reply in zip(self.rows, ordered, strict=True)
        ]
        cut = float(np.mean([reply.cut for reply in ordered]))
        return {**figures_of(readings), "cut_off": cut}

    def _ask(self, row: Row) -> Prompt:
        uris = (row["uri"], row.get("second_uri"))
        return [photo(self.store, uri) for uri in uris if uri], self.prompt(row)


def figures_of(readings: Sequence[Reading]) -> Figures:
    """The figures of answers that have been read; what is undefined is absent."""
    found = {"parse_rate": float(np.mean([one.ok for one in readings]))}
    found |= score_figures([one for one in readings if one.truth is not None])
    hits = [one for one in readings if one.truth is None]
    if hits:
        found["accuracy"] = float(np.mean([one.hit for one in hits]))
    for task in sorted({one.task for one in hits}):
        found[f"accuracy_{task}"] = float(np.mean([one.hit for one in hits if one.task == task]))
    return found


def score_figures(readings: Sequence[Reading]) -> Figures:
    """SRCC and PLCC of totals with people's; absent where undefined.

    An answer that failed takes the lowest rank and the lowest total, so that failing cannot raise
    a correlation.
    """
    totals = np.array([one.total for one in readings], dtype=float)
    truth = np.array([one.truth for one in readings], dtype=float)
    found = {
        "srcc_total": srcc(for_ranks(totals, "worst")[0], truth),
        "plcc_total": plcc(for_values(totals, "worst")[0], truth),
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Evaluation mode within; afterwards modes and random numbers are as they were."""
    import torch

    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        for module, training in modes:
            module.training = training
