"""The report of a reproduction: tables, pictures, examples and versions, as HTML and Markdown."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from training.evaluation.over_seeds import BySeed, compare, summarize
from training.evaluation.published import Published
from training.evaluation.report import markdown
from training.evaluation.tables import TextTable
from training.reproduction.claims import Tested, claims, weigh_claims
from training.reproduction.config import ReproduceConfig
from training.reproduction.examples import Example
from training.reproduction.outcome import Outcome, failures
from training.reproduction.pictures import HEALTH, LEARNING, Curves, ablation, curves
from training.reproduction.tables import (
    OverAll,
    ablation_table,
    attribute_table,
    claim_table,
    main_table,
)

TEMPLATE = Path(__file__).with_name("report.html.j2")
PACKAGES = ("joppo", "torch", "transformers", "trl", "peft", "diffusers", "prefect")


@dataclass(frozen=True)
class Findings:
    """All that a report holds.

    `variants` is variant -> seed -> rows of `RESULTS`; `runs` the training metrics of the same;
    `outcomes` says which trainings there were and which failed.
    """

    config: ReproduceConfig
    snapshot: str
    variants: Mapping[str, BySeed]
    runs: Curves
    outcomes: Sequence[Outcome]
    examples: Sequence[Example]
    published: Published


@dataclass(frozen=True)
class Report:
    """`page` is HTML that stands alone, `text` Markdown without pictures, `pictures` are PNG."""

    page: str
    text: str
    pictures: Mapping[str, bytes]
    tested: Sequence[Tested]


def make_report(found: Findings) -> Report:
    """Everything that is shown, from stored figures alone: the same findings, the same report."""
    level = found.config.figures.level
    over = OverAll(summarize(found.variants, level))
    comparisons = compare(found.variants, level)
    sets = [one.name for one in found.config.sets]
    full = found.config.full
    others = [name for name in found.variants if name != full]
    tested = weigh_claims(claims(sets[0], full), found.variants, level)
    tables = [
        claim_table(tested),
        main_table(over, sets, found.published),
        attribute_table(over, sets[0], found.published),
        ablation_table(comparisons, sets[0], full, others),
        _variant_table(found),
    ]
    drawn = {
        "ablation": ablation(over, found.variants, sets[0]),
        "learning": curves(found.runs, LEARNING),
        "reward-health": curves(found.runs, HEALTH),
    }
    pictures = {name: picture for name, picture in drawn.items() if picture is not None}
    versions = _versions(found)
    values = {
        "title": "The paper's experiment in miniature",
        "versions": versions,
        "tables": tables,
        "pictures": {name: _uri(picture) for name, picture in pictures.items()},
        "examples": found.examples,
        "seeds": len(found.config.seeds),
        "level": level,
    }
    return Report(_template().render(**values), _text(tables, versions), pictures, tested)


def _variant_table(found: Findings) -> TextTable:
    """What each variant is, and what became of it under every seed."""
    rows = []
    lost = {(one.variant, one.seed): one.failure for one in failures(found.outcomes)}
    for variant in found.config.variants:
        mine = [one for one in found.outcomes if one.variant == variant.name]
        told = [
            f"seed {one.seed}: {lost[one.variant, one.seed]}" for one in mine if one.judge is None
        ]
        made = sum(one.judge is not None for one in mine)
        rows.append((variant.name, variant.about, f"{made} of {len(mine)}", "; ".join(told) or "—"))
    header = ("variant", "what it is", "judges made", "what failed")
    return TextTable("Variants", header, rows)


def _versions(found: Findings) -> dict[str, str]:
    return {
        "snapshot": found.snapshot,
        "config": found.config.hash()[:16],
        "seeds": ", ".join(map(str, found.config.seeds)),
        "hyper-parameters chosen on seeds": ", ".join(map(str, found.config.tuned_on)),
        **{name: version(name) for name in PACKAGES},
    }


def _text(tables: Sequence[TextTable], versions: Mapping[str, str]) -> str:
    told = ", ".join(f"{name} {value}" for name, value in versions.items())
    return "\n".join(["# The paper's experiment in miniature\n", told + "\n",
                      *map(markdown, tables)])  # fmt: skip


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
