"""Greedy answers to held-out rows: figures that training should improve, or at least keep."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from joppo.data.questions.answer_format import AnswerError, split_blocks, states_score
from joppo.data.store.hashing import unit_interval
from joppo.data.store.store import Store
from joppo.training.judges.answers import Judgement, form_of, judge
from joppo.training.metrics.correlation import srcc
from joppo.training.metrics.missing import for_ranks
from joppo.training.trainer.examples import Row, photo

Rows = Sequence[Row]


def pick(rows: Rows, count: int) -> list[Row]:
    """At most `count` rows, chosen by content hash."""
    return sorted(rows, key=lambda row: unit_interval("held-out", row["key"]))[:count]


def complete(
    model: Any,
    processor: Any,
    prompts: Sequence[tuple[list[Any], str]],
    max_new_tokens: int,
    batch: int = 16,
) -> Iterator[str]:
    """Greedy completions of (photos, user text) pairs, in order."""
    import torch

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
        yield from processor.batch_decode(new, skip_special_tokens=True)


def sft_figures(
    model: Any, processor: Any, rows: Rows, store: Store, max_new_tokens: int, batch: int
) -> dict[str, float]:
    """Parse rate, and accuracy by task of held-out conversations whose answer is a choice or name.

    Conversations that ask for a score count for the parse rate only.
    """
    found: dict[str, list[float]] = {"parse_rate": []}
    prompts = [
        (
            [photo(store, u) for u in (row["uri"], row["second_uri"]) if u],
            row["messages"][0]["content"],
        )
        for row in rows
    ]
    for row, text in zip(
        rows, complete(model, processor, prompts, max_new_tokens, batch), strict=True
    ):
        answer = _answer(text)
        found["parse_rate"].append(float(answer is not None))
        if not states_score(row["answer"]):
            hit = float(answer == row["answer"])
            found.setdefault(f"accuracy_{row['task']}", []).append(hit)
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def preference_figures(
    model: Any,
    processor: Any,
    rows: Rows,
    store: Store,
    names: Sequence[str],
    max_new_tokens: int,
    batch: int,
) -> dict[str, float]:
    """SRCC of totals with MOS, accuracy by task of choices, and parse rate.

    A score that cannot be parsed takes the lowest rank, so unreadable answers cannot
    raise the correlation.
    """
    forms = [form_of(row["task"], row["choices"] or (), names) for row in rows]
    prompts = [([photo(store, row["uri"])], row["prompt"]) for row in rows]
    texts = complete(model, processor, prompts, max_new_tokens, batch)
    read = [judge(text, form) for text, form in zip(texts, forms, strict=True)]
    figures = {"parse_rate": float(np.mean([j.ok for j in read]))} if read else {}
    for task in sorted({row["task"] for row in rows}):
        mine = [(row, j) for row, j in zip(rows, read, strict=True) if row["task"] == task]
        if task == "score":
            figures |= score_figures(mine)
        else:
            hits = [j.text == row["answer"] for row, j in mine]
            figures[f"accuracy_{task}"] = float(np.mean(hits))
    return figures


def score_figures(judged: Sequence[tuple[Row, Judgement]]) -> dict[str, float]:
    """SRCC in [-1, 1] of totals with MOS; absent where it is undefined."""
    totals, _ = for_ranks(np.array([j.total for _, j in judged]), "worst")
    value = srcc(totals, np.array([row["mos"] for row, _ in judged]))
    return {"srcc_total": value} if np.isfinite(value) else {}


def _answer(text: str) -> str | None:
    """The content of the answer block; None where the blocks are not in the agreed form."""
    try:
        return split_blocks(text)[1]
    except AnswerError:
        return None
