"""Figures over seeds -> the paper's three tables, ours beside the published ones."""

import math
from collections.abc import Iterator, Mapping, Sequence

from joppo.training.evaluation.lookup import DASH, PublishedFigures, shown
from joppo.training.evaluation.over_seeds import BySeed, Comparison, FigureName, Summary
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.tables import TextTable
from joppo.training.metrics.seeds import OverSeeds
from joppo.training.reproduction.figures_of_interest import (
    ALL,
    ATTRIBUTES,
    COMPOSITION,
    LINEAR,
    PERSPECTIVE,
    TO_TOTAL,
    TOTAL,
    MeasuredFigures,
)
from joppo.training.reproduction.paper_claims import ClaimResult, difference

ATTRIBUTE_ROWS = {
    "attribute_to_total": "attribute to total",
    "srcc_attribute": "attribute SRCC with the truth",
    "attribute_to_mos": "attribute to people's total",
}
HALO = {"halo": "halo", "halo_excess": "halo in excess"}
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


def main_table(summaries: Summaries, measured: MeasuredFigures, published: Published) -> TextTable:
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
        f"Published rows are from {published.reference}, on its own data and with a judge of 7B "
        f"parameters: for orientation, not for comparison. {DASH} where no number could be read."
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


def attribute_table(
    summaries: Summaries, measured: MeasuredFigures, published: Published
) -> TextTable:
    """Table 2: attribute to total, with the halo beside it, and the attributes' own SRCC."""
    figure = measured.on_first_set(ATTRIBUTES) or measured.on_first_set(TO_TOTAL)
    name = figure.set if figure is not None else ""
    attributes = summaries.attributes(name)
    rows: list[tuple[str, ...]] = []
    for metric, title in ATTRIBUTE_ROWS.items():
        figures = [(metric, of) for of in [*attributes, ""]]
        beside = [(one, "") for one in HALO] if metric == "attribute_to_total" else []
        for variant in summaries.variants:
            cells = [
                over_seeds_text(
                    summaries.get(variant, FigureName(name, "score", *one, "excluded")), 2
                )
                for one in [*figures, *beside]
            ]
            if any(cell != DASH for cell in cells):
                cells += [DASH] * (len(HALO) - len(beside))
                rows.append((title, variant, *cells))
        if metric == "attribute_to_total":
            rows += list(_published_attributes(published, attributes))
    note = (
        "An attribute-to-total correlation also rises when all attributes merely follow the total. "
        "Halo is the mean correlation between different attributes of a judge; in excess, minus "
        "that of the truth. Without them, and without the attributes' own SRCC, the figure means "
        "nothing."
    )
    header = ("figure", "judge", *attributes, "mean", *HALO.values())
    return TextTable("Table 2. Attributes and total", header, rows, note)


def _published_attributes(
    published: Published, attributes: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    others = PublishedFigures(published, "para")
    for label in others.labels:
        cells = [
            others.figures.get(label, "attribute_to_total", of=of) for of in [*attributes, None]
        ]
        texts = [*(shown(one, 2) for one in cells), *[DASH] * len(HALO)]
        yield ("attribute to total", f"{label} (published)", *texts)


def ablation_table(
    variants: Mapping[str, BySeed], measured: MeasuredFigures, full: str, level: float
) -> TextTable:
    """Table 3: the full recipe minus each other variant, paired over seeds."""
    rows = [
        (figure.title, f"{full} {MINUS} {other}", *_cells(comparison))
        for figure in ALL
        for other in variants
        if (comparison := difference(full, other, measured.on_first_set(figure), variants, level))
    ]
    note = (
        "Intervals and p are Student's, over the seeds of both; p (signs) is that of all changes "
        "of sign, which assumes no normal distribution and cannot fall below 2^(1 − n). No "
        "correction for the number of comparisons."
    )
    header = ("figure", "variants", "difference", "p", "p (signs)", "seeds")
    return TextTable("Table 3. Ablation, paired over seeds", header, rows, note)


def _cells(one: Comparison) -> tuple[str, ...]:
    """Difference with its interval, both p-values, number of seeds."""
    paired = one.paired
    if math.isnan(paired.low):
        return (f"{paired.value:+.3f}", DASH, DASH, str(paired.n))
    text = f"{paired.value:+.3f} [{paired.low:+.3f}, {paired.high:+.3f}]"
    return (text, _p(paired.p), _p(paired.p_signs), str(paired.n))


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= SMALLEST_P else f"< {SMALLEST_P}"


def claim_table(results: Sequence[ClaimResult], level: float) -> TextTable:
    """Every claim with its difference and verdict."""
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
        "the interval holds both. Not measured: fewer than two seeds with both variants."
    )
    header = ("claim", "variants", "difference over seeds", "verdict")
    return TextTable("The paper's claims", header, rows, note)
