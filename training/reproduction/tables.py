"""Figures over seeds -> the paper's three tables, ours beside the published ones."""

import math
from collections.abc import Iterator, Mapping, Sequence

from joppo.training.evaluation.lookup import ANOTHER_WORLD, DASH, PublishedFigures, shown
from joppo.training.evaluation.over_seeds import BySeed, Comparison, FigureName, Summary
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.published_tables import PAPERS
from joppo.training.evaluation.text_table import TextTable
from joppo.training.metrics.seeds import OverSeeds
from joppo.training.reproduction.figures_of_interest import (
    ALL,
    COMPOSITION,
    LINEAR,
    PERSPECTIVE,
    PUBLISHED_ON,
    TOTAL,
    KeyFigure,
    MeasuredFigures,
)
from joppo.training.reproduction.paper_claims import KEPT, ClaimResult, difference

PUBLISHED_VARIANTS = {"without-sft": "without SFT", "without-joppo": "without JoPPO"}
"""Variant -> what the paper's ablation calls it."""
_OTHER_DATA = "They are the paper's models, questions and test splits: for orientation."
MINUS = "−"
SMALLEST_P = 0.001


class Summaries:
    """Means and intervals over seeds, by variant and figure."""

    def __init__(self, summaries: Sequence[Summary]) -> None:
        self._by_name = {(one.variant, one.figure): one for one in summaries}
        self.variants = list(dict.fromkeys(one.variant for one in summaries))
        self.figures = list(dict.fromkeys(one.figure for one in summaries))

    def get(self, variant: str, figure: FigureName | None) -> OverSeeds | None:
        """Mean and interval; None where no seed defines the figure."""
        summary = None if figure is None else self._by_name.get((variant, figure))
        return None if summary is None else summary.over

    def attributes(self, name: str) -> list[str]:
        """Attributes that were scored on a set, in the judges' order."""
        return [
            figure.of
            for figure in self.figures
            if (figure.set, figure.metric) == (name, "attribute_to_total") and figure.of
        ]


def over_seeds_text(over: OverSeeds | None, digits: int = 3) -> str:
    """`0.712 [0.690, 0.731]`, without an interval for one seed, a dash for no figure."""
    if over is None:
        return DASH
    mean = f"{over.value:.{digits}f}"
    if math.isnan(over.low):
        return mean
    return f"{mean} [{over.low:.{digits}f}, {over.high:.{digits}f}]"


def main_table(
    summaries: Summaries,
    measured: MeasuredFigures,
    published: Published,
    another_world: bool = False,
) -> TextTable:
    """Table 1: choices and totals of every variant, in and out of domain."""
    totals = measured.on_every_set(TOTAL)
    columns = [
        ("composition, accuracy", measured.on_first_set(COMPOSITION)),
        ("perspective, accuracy", measured.on_first_set(PERSPECTIVE)),
        ("total, SRCC", totals[0] if totals else None),
        ("total, PLCC", measured.on_first_set(LINEAR)),
        *((f"{figure.set}: total, SRCC", figure) for figure in totals[1:]),
    ]
    rows = [
        (variant, *(over_seeds_text(summaries.get(variant, figure)) for _, figure in columns))
        for variant in summaries.variants
    ]
    rows += list(_published_main(published, [f.set for f in totals[1:]]))
    note = (
        f"Published rows: {published.reference}. They are of PICD, MMPerspective and CADB, then of "
        f"the set that a column names; {DASH} where no number could be read. "
        f"{about_published(another_world)}"
    )
    header = ("judge", *(name for name, _ in columns))
    return TextTable("Table 1. Main results", header, rows, note)


def _published_main(published: Published, others: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """PICD, MMPerspective, SRCC and PLCC on CADB, then totals on sets of the same name."""
    picd, mmp, cadb = (PublishedFigures(published, s) for s in ("picd", "mmperspective", "cadb"))
    elsewhere = [PublishedFigures(published, name) for name in others]
    for label in cadb.labels:
        cells = [
            picd.figures.get(label, "accuracy"),
            mmp.figures.get(label, "mmp_overall"),
            cadb.figures.get(label, "srcc"),
            cadb.figures.get(label, "plcc"),
            *(others.figures.get(label, "srcc") for others in elsewhere),
        ]
        yield (f"{label} (published)", *map(shown, cells))


def ablation_table(
    variants: Mapping[str, BySeed],
    measured: MeasuredFigures,
    full: str,
    level: float,
    published: Published,
    another_world: bool = False,
) -> TextTable:
    """Table 3: the full recipe minus each other variant, paired over seeds; the paper's beside."""
    rows = [
        (
            figure.title,
            f"{full} {MINUS} {other}",
            *_cells(comparison),
            _published_difference(published, figure, other),
        )
        for figure in ALL
        for other in variants
        if (comparison := difference(full, other, measured.on_first_set(figure), variants, level))
    ]
    note = (
        "Intervals and p are Student's, over the seeds of both; p (signs) is that of all changes "
        "of sign, which assumes no normal distribution and cannot fall below 2^(1 − n). No "
        f"correction for the number of comparisons. Published: {published.reference}; "
        f"accuracies on PICD and MMPerspective, totals on CADB, attributes to total on PARA. "
        f"{about_published(another_world)}"
    )
    header = ("figure", "variants", "difference", "p", "p (signs)", "seeds", "published")
    return TextTable("Table 3. Ablation, paired over seeds", header, rows, note)


def _published_difference(published: Published, figure: KeyFigure, other: str) -> str:
    """The paper's full recipe minus a variant; a dash where either was not read."""
    on, variant = PUBLISHED_ON.get(figure.title), PUBLISHED_VARIANTS.get(other)
    if on is None or variant is None:
        return DASH
    one, less = published.value(PAPERS, *on), published.value(variant, *on)
    return DASH if one is None or less is None else f"{one - less:+.3f}"


def about_published(another_world: bool) -> str:
    """How far published figures can be compared with ours."""
    return ANOTHER_WORLD if another_world else _OTHER_DATA


def _cells(one: Comparison) -> tuple[str, ...]:
    """Difference with its interval, both p-values, number of seeds."""
    paired = one.paired
    if math.isnan(paired.low):
        return (f"{paired.value:+.3f}", DASH, DASH, str(paired.n))
    text = f"{paired.value:+.3f} [{paired.low:+.3f}, {paired.high:+.3f}]"
    return (text, _p(paired.p), _p(paired.p_signs), str(paired.n))


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= SMALLEST_P else f"< {SMALLEST_P}"


def claim_table(
    results: Sequence[ClaimResult], level: float, words: Sequence[str] = ()
) -> TextTable:
    """Every claim with its difference and verdict; `words` are the paper's own conclusions."""
    rows = [
        (
            one.claim.text,
            f"{one.claim.variant} {MINUS} {one.claim.versus}",
            DASH if one.comparison is None else _cells(one.comparison)[0],
            one.verdict,
        )
        for one in results
    ]
    note = (
        f"Shown: the whole {level:.0%} interval over seeds lies on the claim's side. Not shown: "
        "the interval holds both. Not measured: fewer than two seeds with both variants, or, of "
        f"attributes to total, under {KEPT:.0%} of the answers of one gave the total last."
    )
    if words:
        note += f" The paper's conclusions in words: {' '.join(words)}"
    header = ("claim", "variants", "difference over seeds", "verdict")
    return TextTable("The paper's claims", header, rows, note)
