"""Log probabilities of sampled tokens, taken from the very numbers that they were drawn from.

A second pass over the answers would compute them in another order of sums: in bfloat16 that is
another distribution. What is kept while sampling is one row of the vocabulary per sequence.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList


class SampledLogProbs(LogitsProcessor):  # type: ignore[misc]
    """Notes the log probability of each token that `generate` draws; changes no score.

    transformers calls it before the temperature is applied, so it is given that temperature.
    """

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature
        self._last: torch.Tensor | None = None
        self._found: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._note(input_ids)
        self._last = (scores.float() / self.temperature).log_softmax(-1)
        return scores

    def _note(self, ids: torch.Tensor) -> None:
        if self._last is not None:
            self._found.append(self._last.gather(-1, ids[:, -1:]))

    def of(self, sequences: torch.Tensor) -> torch.Tensor:
        """(B, T) log probabilities of the T tokens drawn for each of the finished sequences.

        Tokens after the end of a sequence have that of the padding that stands there.
        """
        self._note(sequences)
        self._last = None
        return torch.cat(self._found, dim=-1)


@contextmanager
def recorded(model: Any, temperature: float) -> Iterator[list[torch.Tensor]]:
    """Within, each call of `model.generate` adds (B, T) log probabilities to the list."""
    found: list[torch.Tensor] = []
    own, plain = "generate" in vars(model), model.generate

    def generate(**inputs: Any) -> Any:
        processor = SampledLogProbs(temperature)
        sequences = plain(**inputs, logits_processor=LogitsProcessorList([processor]))
        found.append(processor.of(sequences))
        return sequences

    model.generate = generate
    try:
        yield found
    finally:
        if own:  # a mixin has replaced it for good
            model.generate = plain
        else:
            del model.generate
