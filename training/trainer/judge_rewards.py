"""Rewards of sampled completions, as functions that trl's GRPOTrainer calls.

- preference: the config's reward (`training/rewards/registry.py`) of scored photos, over the
  *global* batch;
- accuracy: whether the letter of a multiple choice is the right one;
- format: whether the completion has the agreed form.

A reward is None where it does not apply, which leaves the row out of that reward. A completion
that cannot be parsed is no such case: it gets 0 and is left out of every moment.

trl calls a reward on each process with that process's completions. The candidates of a photo are
neighbours in the order of the ranks but may straddle two ranks, and photos are compared with all
others, so the numbers of all ranks are gathered first.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from joppo.training.config import JoppoConfig
from joppo.training.judges.answers import Judgement, form_of, judge
from joppo.training.rewards.health import health
from joppo.training.rewards.registry import call_reward
from joppo.training.runs.samples import COLUMNS

Gather = Callable[[Tensor], Tensor]
Log = Callable[[str, float], None]
LogColumn = Callable[[str, list[Any]], None]


def gather_ranks(values: Tensor) -> Tensor:
    """Rows of all ranks, in the order of the ranks."""
    from accelerate.utils import gather

    return gather(values)


def rank() -> int:
    """Index of this process."""
    from accelerate import PartialState

    return int(PartialState().process_index)


class JudgeRewards:
    """The three rewards of one batch; completions are parsed once."""

    def __init__(
        self,
        config: JoppoConfig,
        names: Sequence[str],
        gather: Gather = gather_ranks,
        rank: Callable[[], int] = rank,
    ) -> None:
        self.config = config
        self.names = tuple(names)
        self.gather = gather
        self.rank = rank
        self._parsed: tuple[Any, list[Judgement]] = (None, [])

    @property
    def functions(self) -> list[Callable[..., list[float | None]]]:
        """preference, accuracy and format, in the order of `weights`."""
        return [self.preference, self.accuracy, self.format]

    @property
    def weights(self) -> list[float]:
        return [self.config.reward_weights.get(f.__name__, 0.0) for f in self.functions]  # type: ignore[call-overload]

    def judgements(
        self, completions: Sequence[Any], task: Sequence[str], choices: Sequence[Any]
    ) -> list[Judgement]:
        """The completions, parsed; the same list is parsed once."""
        if self._parsed[0] is not completions:
            forms = [form_of(t, c or (), self.names) for t, c in zip(task, choices, strict=True)]
            read = [judge(text, form) for text, form in zip(completions, forms, strict=True)]
            self._parsed = (completions, read)
        return self._parsed[1]

    def preference(
        self,
        completions: Sequence[Any],
        task: Sequence[str],
        choices: Sequence[Any],
        mos: Sequence[float | None],
        log_metric: Log | None = None,
        trainer_state: Any = None,
        **columns: Any,
    ) -> list[float | None]:
        """Reward of scored photos in [0, 1]; None for other tasks. Collective over all ranks."""
        judgements = self.judgements(completions, task, choices)
        table = self.gather(_table(judgements, task, mos, len(self.names)))
        step = trainer_state.global_step if trainer_state else 1
        watch = log_metric is not None and step % self.config.health_steps == 0
        rewards, logged = batch_preference(table, self.config, watch)
        if log_metric is not None:
            for name, value in logged.items():
                log_metric(name, value)
        first = self.rank() * len(completions)
        own = rewards[first : first + len(completions)].tolist()
        return [r if t == "score" else None for r, t in zip(own, task, strict=True)]

    def accuracy(
        self,
        completions: Sequence[Any],
        task: Sequence[str],
        choices: Sequence[Any],
        answer: Sequence[str | None],
        **columns: Any,
    ) -> list[float | None]:
        """1 for the right letter, else 0; None for scored photos."""
        judgements = self.judgements(completions, task, choices)
        return [
            None if t == "score" else float(j.text == a)
            for j, t, a in zip(judgements, task, answer, strict=True)
        ]

    def format(
        self,
        completions: Sequence[Any],
        task: Sequence[str],
        choices: Sequence[Any],
        log_metric: Log | None = None,
        log_extra: LogColumn | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """1 for a completion in the agreed form, else 0."""
        judgements = self.judgements(completions, task, choices)
        if log_metric is not None:
            log_metric("parse_rate", sum(j.ok for j in judgements) / len(judgements))
        if log_extra is not None:
            by_name = {**columns, "task": task}
            for name in COLUMNS:
                log_extra(name, list(by_name[name]))
        return [float(j.ok) for j in judgements]


def batch_preference(
    table: Tensor, config: JoppoConfig, watch: bool = False
) -> tuple[Tensor, dict[str, float]]:
    """Rewards of all rows of a gathered batch, and what to log of them.

    Args:
        table: (rows, 3 + d) float64: whether the row is a scored photo, MOS, total, attributes;
            NaN where a completion could not be parsed. Groups of G rows are contiguous.
        watch: whether to take the figures of `training/rewards/health.py` as well.

    Returns:
        (rows,) rewards, 0 for rows of other tasks; means of the parts of the reward, and the
        figures of its health.

    Raises:
        ValueError: the rows are no whole number of groups.
        RewardError: the reward returned something else than rewards.
    """
    rewards = torch.zeros(table.shape[0], dtype=table.dtype, device=table.device)
    if table.shape[0] % config.group:
        raise ValueError(
            f"{table.shape[0]} completions are no whole number of groups of {config.group}; "
            "choose a batch that the group size divides"
        )
    scored = table[:, 0] > 0
    if not scored.any():
        return rewards, {}
    groups = table[scored].view(-1, config.group, table.shape[1])
    mos, totals, attributes = groups[:, 0, 1], groups[:, :, 2], groups[:, :, 3:]
    reward, parts = call_reward(
        config.reward, totals, attributes, mos, config.joint, config.reward_options
    )
    rewards[scored] = reward.reshape(-1)
    logged = {f"reward_{name}": float(part.mean()) for name, part in parts.items()}
    if watch:
        figures = health(totals, attributes, mos, reward, config.joint)
        logged |= {f"health/{n}": v for n, v in figures.items() if math.isfinite(v)}
    return rewards, logged


def _table(
    judgements: Sequence[Judgement],
    task: Sequence[str],
    mos: Sequence[float | None],
    width: int,
) -> Tensor:
    """One row per completion of this rank; see `batch_preference`."""
    missing = (float("nan"),) * width
    rows = [
        (1.0, float(m), j.total, *j.attributes)
        if t == "score" and m is not None
        else (0.0, float("nan"), float("nan"), *missing)
        for j, t, m in zip(judgements, task, mos, strict=True)
    ]
    from accelerate import PartialState

    return torch.tensor(rows, dtype=torch.float64, device=PartialState().device)
