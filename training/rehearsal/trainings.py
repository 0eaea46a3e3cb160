"""What the first steps of a training say about the rest of it."""

import math
from collections.abc import Sequence
from typing import Any

from joppo.training.config import JoppoConfig, TrainConfig
from joppo.training.rehearsal.outcome import Warned
from joppo.training.runs.metrics_log import last_values
from joppo.training.trainer.preflight.warnings import metric_warnings

_SHOWN = ("loss", "parse_rate", "reward", "kl", "grad_norm", "completions/clipped_ratio")
_HEALTH = "health/"


def training_figures(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Newest values worth showing: {figure, value}."""
    last = last_values(list(rows))
    names = [name for name in last if name in _SHOWN or name.startswith(("after_", _HEALTH))]
    return [{"figure": name, "value": last[name]} for name in sorted(names)]


def training_measures(rows: Sequence[dict[str, Any]], config: TrainConfig) -> dict[str, float]:
    """Steps, and seconds of one: of the whole training, because the first step warms up."""
    last = last_values(list(rows))
    steps = max((row["step"] for row in rows if row["name"] == "loss"), default=0)
    runtime = last.get("train_runtime", math.nan)
    measures = {"steps": float(steps), "step_s": runtime / steps if steps else math.nan}
    if isinstance(config, JoppoConfig):
        items = config.photos * config.group / config.updates_per_batch
    else:
        items = getattr(config, "batch", config.per_device_batch)
    return measures | {"items_per_step": items * 1.0, "processes": config.launch.processes}


def training_warnings(rows: Sequence[dict[str, Any]], config: TrainConfig) -> list[Warned]:
    """What the training's own task warns of, and a reward whose health was never measured."""
    warnings = [Warned(one.about, one.remedy) for one in metric_warnings(config, rows)]
    measured = any(row["name"].startswith(_HEALTH) for row in rows)
    if isinstance(config, JoppoConfig) and not measured:
        warnings.append(
            Warned(
                "the first step has no figure of the reward's health: no batch had two scored "
                "photos with answers in form",
                "raise photos or task_weights.score of train-joppo.yaml",
            )
        )
    return warnings
