"""The paper's claims as tests over seeds, each with what it takes to call it shown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from joppo.training.evaluation.over_seeds import BySeed, Comparison, FigureName, compare
from joppo.training.reproduction.figures_of_interest import (
    ATTRIBUTES,
    COMPOSITION,
    TO_TOTAL,
    TOTAL,
    Places,
    Wanted,
    only,
)

Verdict = Literal["shown", "not shown", "the opposite is shown", "not measured"]
MARGIN = 0.02
"""A correlation may fall by so much and still count as not worse."""


@dataclass(frozen=True)
class Claim:
    """`variant` has a larger figure than `versus`, or with `margin` not a smaller one."""

    text: str
    variant: str
    versus: str
    figure: Wanted
    margin: float | None = None


@dataclass(frozen=True)
class Weighed:
    """A claim with the difference over seeds that speaks for or against it, if both were made."""

    claim: Claim
    found: Comparison | None
    verdict: Verdict


def claims(full: str) -> list[Claim]:
    """What the paper says of its ablation; `full` is the whole recipe.

    The others are found by their names: base, sft, without-sft, without-joppo.
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
        Claim("It raises the attribute-to-total SRCC", full, "without-joppo", TO_TOTAL),
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


def weigh_claims(
    wanted: Sequence[Claim], variants: Mapping[str, BySeed], places: Places, level: float
) -> list[Weighed]:
    """Every claim against the figures of all variants."""
    return [
        _tested(one, difference(one.variant, one.versus, places.first(one.figure), variants, level))
        for one in wanted
    ]


def _tested(claim: Claim, found: Comparison | None) -> Weighed:
    """A verdict needs an interval, so at least two seeds."""
    if found is None or math.isnan(found.paired.low):
        return Weighed(claim, found, "not measured")
    least = 0.0 if claim.margin is None else -claim.margin
    if found.paired.low > least:
        return Weighed(claim, found, "shown")
    if found.paired.high < least:
        return Weighed(claim, found, "the opposite is shown")
    return Weighed(claim, found, "not shown")
