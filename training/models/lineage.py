"""The origin of a finished judge, as its `run.json` records it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joppo.data.store.hashing import content_hash
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.config import NEW, JoppoConfig, SftConfig
from joppo.training.models.base_model import read_lineage
from joppo.training.runs.plots import COLUMNS
from joppo.training.runs.run_folder import RECIPE_VERSION, Run
from joppo.training.runs.used_values import used_values

HEALTH = "health/"
_HELD_OUT = ("before_", "after_")


def lineage(
    run: Run,
    base: str,
    newest: Mapping[str, float],
    steps: int,
    rubric: Rubric | None = None,
    kept: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of a finished model's `run.json`: no path of this machine, no environment.

    Args:
        run: the finished run.
        base: name of the base judge, as configs name it.
        newest: newest value of every metric.
        steps: steps of the optimizer.
        rubric: the one that it was trained on; None where it was trained on no scores.
        kept: whose weights these are: `keep` as in the config, their `step`, and `best`: step,
            figure and value of the best validation, or None without any.
    """
    config = run.config.recipe()
    return {
        "run": run.id,
        "stage": run.stage,
        "base": base,
        "snapshot": run.snapshot,
        "parent": run.parent,
        "parents": parents(run),
        "rubric": rubric.as_dict() if rubric else None,
        "config": config,
        "config_hash": content_hash(config),
        "operational": used_values(run.folder),
        "recipe_version": RECIPE_VERSION,
        "steps": steps,
        "kept": dict(kept) if kept else {"keep": "last", "step": steps, "best": None},
        "metrics": {n: v for n, v in newest.items() if n.startswith(_HELD_OUT) or n in COLUMNS},
        "reward_health": {
            n.removeprefix(HEALTH): v for n, v in newest.items() if n.startswith(HEALTH)
        },
    }


def parents(run: Run) -> list[dict[str, Any]]:
    """Ancestors, oldest first: the base, then the runs whose adapter was continued."""
    config = run.config
    if isinstance(config, JoppoConfig) and config.adapter != NEW:
        about = read_lineage(Path(config.adapter))
        if about is None:
            return [{"weights": run.parent}]
        named = {name: about[name] for name in ("run", "stage", "snapshot")}
        return [*about.get("parents", []), {**named, "weights": run.parent}]
    assert isinstance(config, SftConfig | JoppoConfig)
    return [{"base": config.base, "weights": run.parent}]
