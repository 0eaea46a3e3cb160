"""The report of a reproduction: tables, pictures, examples and versions, as HTML and Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from joppo.data.photos.data_uri import data_uri
from joppo.training.evaluation.over_seeds import BySeed, summarize
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.report import markdown
from joppo.training.evaluation.text_table import TextTable
from joppo.training.reproduction.attribute_table import attribute_table
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.coupling import coupling_table
from joppo.training.reproduction.figures_of_interest import MeasuredFigures
from joppo.training.reproduction.outcome import Outcome
from joppo.training.reproduction.paper_claims import ClaimResult, check_claims, paper_claims
from joppo.training.reproduction.photo_examples import Example
from joppo.training.reproduction.pictures import HEALTH, LEARNING, Curves, ablation, colors, curves
from joppo.training.reproduction.tables import (
    Summaries,
    ablation_table,
    claim_table,
    main_table,
)

TEMPLATE = Path(__file__).with_name("report.html.j2")
PACKAGES = ("joppo", "torch", "transformers", "trl", "peft", "diffusers", "prefect")


@dataclass(frozen=True)
class Findings:
    """Everything that a report shows.

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
    samples: int = 0
    """drawn answers that a score is the mean of; 0 for the one answer"""


@dataclass(frozen=True)
class Report:
    """`page` is HTML in one file, `text` Markdown without pictures, `pictures` are PNG by name."""

    page: str
    text: str
    pictures: Mapping[str, bytes]
    claims: Sequence[ClaimResult]


def package_versions() -> dict[str, str]:
    """Versions of what the figures depend on."""
    return {name: version(name) for name in PACKAGES}


def make_report(found: Findings) -> Report:
    """The report of findings; the same findings always give the same report."""
    config = found.config
    summaries = Summaries(summarize(found.variants, config.level))
    measured = MeasuredFigures([one.name for one in config.sets], found.variants)
    claims = check_claims(paper_claims(config.full), found.variants, measured, config.level)
    published = found.published
    another_world = any(one.scenes is not None for one in config.sets)
    every = [
        claim_table(claims, config.level, published.claims),
        main_table(summaries, measured, published, another_world),
        attribute_table(summaries, measured, published, another_world),
        ablation_table(
            found.variants, measured, config.full, config.level, published, another_world
        ),
        coupling_table(found.runs, config.full, config.level),
        variant_table(config, found.outcomes),
    ]
    tables = [table for table in every if table.rows]
    palette = colors([variant.name for variant in config.variants])
    drawn = {
        "ablation": ablation(summaries, found.variants, measured, palette),
        "learning": curves(found.runs, LEARNING, palette),
        "reward-health": curves(found.runs, HEALTH, palette),
    }
    pictures = {name: picture for name, picture in drawn.items() if picture is not None}
    about = [*config.about, _how(config, found.samples)]
    versions = _versions(found)
    page = _template().render(
        title=config.title,
        about=about,
        versions=versions,
        tables=tables,
        pictures={name: data_uri(picture, "image/png") for name, picture in pictures.items()},
        examples=found.examples,
        set=config.sets[0].name,
        full=config.full,
        seed=min(config.seeds),
    )
    return Report(page, _text(config.title, about, tables, versions), pictures, claims)


def _how(config: ReproduceConfig, samples: int) -> str:
    """How to read the figures, in words that hold for every profile."""
    n = len(config.seeds)
    drawn = f" A score is the mean of {samples} drawn answers." if samples else ""
    return (
        "Every variant shares one snapshot; those that begin from SFT share the SFT judge of their "
        "seed, and all that learn by reinforcement have the same budget of steps. Figures are "
        f"means over {n} seed{'' if n == 1 else 's'} with {config.level:.0%} Student intervals; a "
        "seed is one whole training. Choices count a failed answer as wrong, and SRCC of the total "
        f"ranks it last.{drawn}"
    )


def variant_table(config: ReproduceConfig, outcomes: Sequence[Outcome]) -> TextTable:
    """What each variant is, and how its trainings ended, seed by seed."""
    rows = []
    for variant in config.variants:
        own = [one for one in outcomes if one.variant == variant.name]
        failed = [f"seed {one.seed}: {one.failure}" for one in own if one.judge is None]
        judged = f"{len(own) - len(failed)} of {len(own)}"
        rows.append((variant.name, variant.about, judged, "; ".join(failed) or "nothing"))
    return TextTable("Variants", ("variant", "what it is", "judged", "what failed"), rows)


def _versions(found: Findings) -> dict[str, str]:
    tuned = ", ".join(map(str, found.config.tuned_on)) or "none"
    return {
        "snapshot": found.snapshot,
        "config": found.config.hash()[:16],
        "seeds": ", ".join(map(str, found.config.seeds)),
        "hyper-parameters chosen on seeds": tuned,
        **package_versions(),
    }


def _text(
    title: str, about: Sequence[str], tables: Sequence[TextTable], versions: Mapping[str, str]
) -> str:
    listed = ", ".join(f"{name} {value}" for name, value in versions.items())
    paragraphs = [f"# {title}", *about, f"Versions: {listed}."]
    return "\n\n".join(paragraphs) + "\n\n" + "\n".join(map(markdown, tables))


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
