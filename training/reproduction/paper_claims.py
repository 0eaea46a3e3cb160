"""The paper's claims as tests over seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from joppo.training.evaluation.over_seeds import BySeed, Comparison, FigureName, compare
from joppo.training.reproduction.figures_of_interest import (
    ATTRIBUTES,
    COMPOSITION,
    LAST,
    TO_TOTAL,
    TOTAL,
    KeyFigure,
    MeasuredFigures,
    only,
)

Verdict = Literal["shown", "not shown", "the opposite is shown", "not measured"]
MARGIN = 0.02
"""A correlation may be lower by this much and still count as not worse."""
KEPT = 0.9
"""Share of answers under attributes-to-total that have to give the total last. A judge that writes
it first, whatever is asked, does not aggregate its attributes."""


@dataclass(frozen=True)
class Claim:
    """`variant` has a larger figure than `versus`, or with `margin` not a smaller one."""

    text: str
    variant: str
    versus: str
    figure: KeyFigure
    margin: float | None = None
    kept: KeyFigure | None = None
    """a share of answers that must be at least `KEPT` for both variants, or the claim's figure is
    not what it is called"""


@dataclass(frozen=True)
class ClaimResult:
    """A claim and its verdict.

    `comparison` is the difference over seeds that the verdict rests on; None where one of the two
    variants has no judge, or their answers were not what the figure rests on (`Claim.kept`).
    """

    claim: Claim
    comparison: Comparison | None
    verdict: Verdict


def paper_claims(full: str) -> list[Claim]:
    """What the paper claims about its ablation; `full` is the whole recipe.

    The other variants are identified by their names: base, sft, without-sft, without-joppo.
    """
    return [
        Claim("SFT raises composition accuracy over the base judge", "sft", "base", COMPOSITION),
        Claim("SFT before JoPPO raises it over JoPPO alone", full, "without-sft", COMPOSITION),
        Claim("JoPPO raises the SRCC of the total over SFT alone", full, "sft", TOTAL),
        Claim(
            "The joint reward raises attribute SRCC with the truth over the single-score reward",
            full,
            "without-joppo",
            ATTRIBUTES,
        ),
        Claim(
            "It raises the SRCC of the total that a judge aggregates from its attributes "
            "(attributes to total)",
            full,
            "without-joppo",
            TO_TOTAL,
            kept=LAST,
        ),
        Claim(
            f"The SRCC of its total is not worse (by more than {MARGIN})",
            full,
            "without-joppo",
            TOTAL,
            MARGIN,
        ),
    ]


def difference(
    variant: str,
    versus: str,
    figure: FigureName | None,
    variants: Mapping[str, BySeed],
    level: float,
) -> Comparison | None:
    """`variant` minus `versus` over the seeds of both; None where there is no such pair."""
    if figure is None or not {variant, versus} <= set(variants) or variant == versus:
        return None
    pair = {name: only(variants[name], [figure]) for name in (versus, variant)}
    return next(iter(compare(pair, level)), None)


def check_claims(
    claims: Sequence[Claim], variants: Mapping[str, BySeed], measured: MeasuredFigures, level: float
) -> list[ClaimResult]:
    """The verdict on every claim, from the figures of all variants."""
    return [
        _result(
            one,
            difference(one.variant, one.versus, measured.on_first_set(one.figure), variants, level)
            if _is_kept(one, variants, measured)
            else None,
        )
        for one in claims
    ]


def _is_kept(claim: Claim, variants: Mapping[str, BySeed], measured: MeasuredFigures) -> bool:
    """Whether both variants kept, seed by seed, to what the claim's figure rests on."""
    if claim.kept is None:
        return True
    figure = measured.on_first_set(claim.kept)
    if figure is None:
        return False
    values = [
        row["value"]
        for name in (claim.variant, claim.versus)
        for rows in only(variants.get(name, {}), [figure]).values()
        for row in rows
    ]
    return all(value is not None and value >= KEPT for value in values)


def _result(claim: Claim, comparison: Comparison | None) -> ClaimResult:
    """A verdict needs an interval, so at least two seeds."""
    if comparison is None or math.isnan(comparison.paired.low):
        return ClaimResult(claim, comparison, "not measured")
    least = 0.0 if claim.margin is None else -claim.margin
    if comparison.paired.low > least:
        return ClaimResult(claim, comparison, "shown")
    if comparison.paired.high < least:
        return ClaimResult(claim, comparison, "the opposite is shown")
    return ClaimResult(claim, comparison, "not shown")
