"""Some completions of a batch with their rewards, for people to read.

runs/<run>/samples/step-000010.jsonl    in the store; one completion a line
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from joppo.data.store.store import Store
from joppo.training.runs.run_folder import emit

COUNT = 10
COLUMNS = ("photo", "task", "mos", "answer")
"""The columns of the prompt in a sample, beside completion, rewards and advantage."""


class SampleLog:
    """Writes ten completions of every `every`-th step and sends them to the parent process."""

    def __init__(self, store: Store, run: str, every: int) -> None:
        self.store, self.run, self.every = store, run, every

    def due(self, step: int) -> bool:
        """Whether this step's completions are to be written."""
        return step % self.every == 0

    def keep(self, step: int, logs: Mapping[str, Any]) -> None:
        """Write ten completions, spread evenly over the batch.

        `logs` is trl's record of the newest batch: completion, advantages, rewards (by name) and
        extra (columns by name, as `log_extra` gave them).
        """
        rows = pick(logs)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        self.store.write_bytes(f"runs/{self.run}/samples/step-{step:06d}.jsonl", text.encode())
        emit("samples", step=step, rows=rows)


def pick(logs: Mapping[str, Any], count: int = COUNT) -> list[dict[str, Any]]:
    """`count` completions of a batch, the first and the last among them."""
    texts = [c if isinstance(c, str) else c[0]["content"] for c in logs["completion"]]
    return [
        {
            **{name: logs["extra"][name][i] for name in COLUMNS if name in logs["extra"]},
            "completion": texts[i],
            **{name: _number(values[i]) for name, values in logs["rewards"].items()},
            "advantage": _number(logs["advantages"][i]),
        }
        for i in _spread(len(texts), count)
    ]


def _spread(length: int, count: int) -> Sequence[int]:
    """At most `count` indices from 0 to `length` - 1, evenly spaced."""
    count = min(count, length)
    return [round(i * (length - 1) / max(count - 1, 1)) for i in range(count)]


def _number(value: float) -> float | None:
    """None for a reward that does not apply (NaN), which JSON does not know."""
    return None if math.isnan(value) else value
