"""The model card of a judge: what it is, its origin, its figures, and how it is loaded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joppo.data.store.hub_id import split_revision
from joppo.training.runs.plots import held_out, label


@dataclass(frozen=True)
class Loading:
    """What loading an adapter depends on: its rank, and why vLLM cannot serve it."""

    rank: int
    vllm_problems: tuple[str, ...] = ()


def card(about: Mapping[str, Any], adapter: Loading | None) -> str:
    """Markdown with the metadata that hubs read.

    Args:
        about: the content of `run.json` (training.models.lineage).
        adapter: None where the folder holds the whole model.
    """
    values = json.dumps(about["config"], indent=1, sort_keys=True)
    what = "LoRA adapter" if adapter else "Judge with the merged adapter"
    return f"""---
base_model: {split_revision(about["base"])[0]}
library_name: {"peft" if adapter else "transformers"}
pipeline_tag: image-text-to-text
tags: [joppo, {about["stage"]}]
---
# Judge {about["run"]}

{what} of the stage `{about["stage"]}` on `{about["base"]}`, {about["steps"]} steps on snapshot
`{about["snapshot"]}` of a JoPPO corpus.{_kept(about.get("kept"))}

| ancestor | weights |
|---|---|
{_ancestors(about["parents"])}

## Figures

Of held-out rows, judged greedily before and after this stage:

| figure | before | after |
|---|---|---|
{_figures(about["metrics"])}

At the last logged step: {_newest(about["metrics"])}.
{_health(about["reward_health"])}
## Loading

{_loading(about, adapter)}

## Config

```json
{values}
```
"""


def _kept(kept: Mapping[str, Any] | None) -> str:
    """Whose weights these are, where validation chose a step or could have."""
    if not kept or not kept["best"]:
        return ""
    best = kept["best"]
    return (
        f" The weights are those of step {kept['step']} (`keep: {kept['keep']}`); of the "
        f"validations step {best['step']} was best, {best['figure']} {best['value']:.4g}."
    )


def _ancestors(parents: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for parent in parents:
        name = f"base `{parent['base']}`" if "base" in parent else f"run `{parent.get('run', '?')}`"
        if "snapshot" in parent:
            name += f" on snapshot `{parent['snapshot']}`"
        rows.append(f"| {name} | `{parent['weights'][:16]}` |")
    return "\n".join(rows)


def _figures(metrics: Mapping[str, float]) -> str:
    rows = held_out([{"name": name, "value": value} for name, value in metrics.items()])
    cells = [(n, *("undefined" if v is None else f"{v:.4g}" for v in pair)) for n, *pair in rows]
    return "\n".join(f"| {name} | {before} | {after} |" for name, before, after in cells) or (
        "| none were taken | | |"
    )


def _newest(metrics: Mapping[str, float]) -> str:
    shown = [(n, v) for n, v in metrics.items() if not n.startswith(("before_", "after_"))]
    return ", ".join(f"{label(name)} {value:.4g}" for name, value in shown) or "nothing"


def _health(figures: Mapping[str, float]) -> str:
    """Alone, a correlation of attributes and total says little: a halo raises it too."""
    if not figures:
        return ""
    rows = "\n".join(f"| {label(n)} | {v:.4g} |" for n, v in sorted(figures.items()))
    return f"""
## Health of the reward

Figures of the last batch that was looked at (training/rewards/health.py describes each). A
rise of the correlation between attributes without a rise of their own correlation with people is a
halo: all attributes follow the total.

| figure | newest |
|---|---|
{rows}
"""


def _loading(about: Mapping[str, Any], adapter: Loading | None) -> str:
    if adapter is None:
        return (
            "`AutoModelForImageTextToText.from_pretrained(FOLDER)` with "
            "`AutoProcessor.from_pretrained(FOLDER)`; vLLM serves the folder as it is: "
            "`joppo serve FOLDER` prints the command."
        )
    serve = (
        f"vLLM serves the adapter (rank {adapter.rank}) on its base: `joppo serve FOLDER` prints "
        "the command, with the name by which clients know these weights"
    )
    if adapter.vllm_problems:
        serve = f"vLLM cannot serve the adapter ({'; '.join(adapter.vllm_problems)}): merge it"
    return (
        "`AutoModelForImageTextToText.from_pretrained(FOLDER)` takes base and adapter, with "
        f"`AutoProcessor.from_pretrained(FOLDER)`. {serve}. `python -m "
        "joppo.training.models merge FOLDER OUT` writes the whole model."
    )
