"""The paper's claims as tests over seeds, each with what it takes to call it shown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from training.evaluation.over_seeds import BySeed, Comparison, FigureName, compare

Verdict = Literal["shown", "not shown", "the opposite is shown", "not measured"]
MARGIN = 0.02
"""A correlation may fall by so much and still count as not worse."""


@dataclass(frozen=True)
class Claim:
    """`variant` has a larger figure than `versus`, or with `margin` not a smaller one."""

    text: str
    variant: str
    versus: str
    figure: FigureName
    margin: float | None = None


@dataclass(frozen=True)
class Tested:
    """A claim with the difference over seeds that speaks for or against it, if both were made."""

    claim: Claim
    found: Comparison | None
    verdict: Verdict


def claims(main: str, full: str) -> list[Claim]:
    """What the paper says of its ablation, on the main set; `full` is the whole recipe."""
    accuracy = FigureName(main, "composition", "accuracy", "", "worst")
    total = FigureName(main, "score", "srcc", "", "worst")
    attributes = FigureName(main, "score", "srcc_attribute", "", "excluded")
    to_total = FigureName(main, "score", "attribute_to_total", "", "excluded")
    return [
        Claim("SFT raises composition accuracy over the base judge", "sft", "base", accuracy),
        Claim("SFT first raises it over JoPPO alone", full, "without-sft", accuracy),
        Claim("JoPPO raises the SRCC of the total over SFT alone", full, "sft", total),
        Claim("the joint reward raises attribute SRCC against the truth over the single-score "
              "reward", full, "without-joppo", attributes),
        Claim("it raises the attribute-to-total SRCC", full, "without-joppo", to_total),
        Claim(f"its total is not worse (by more than {MARGIN})", full, "without-joppo", total,
              MARGIN),
    ]  # fmt: skip


def weigh_claims(
    wanted: Sequence[Claim], variants: Mapping[str, BySeed], level: float
) -> list[Tested]:
    """Every claim against the figures of all variants."""
    found = {
        (one.variant, one.versus, one.figure): one
        for one in [*compare(variants, level), *compare(_reversed(variants), level)]
    }
    return [_tested(claim, found.get((claim.variant, claim.versus, claim.figure)))
            for claim in wanted]  # fmt: skip


def _reversed(variants: Mapping[str, BySeed]) -> dict[str, BySeed]:
    return dict(reversed(list(variants.items())))


def _tested(claim: Claim, found: Comparison | None) -> Tested:
    """A verdict needs an interval, so at least two seeds."""
    if found is None or math.isnan(found.paired.low):
        return Tested(claim, found, "not measured")
    least = 0.0 if claim.margin is None else -claim.margin
    if found.paired.low > least:
        return Tested(claim, found, "shown")
    if found.paired.high < least:
        return Tested(claim, found, "the opposite is shown")
    return Tested(claim, found, "not shown")
