"""Checks of teachers' reasoning: one small function each. The first failure is the reason."""

from joppo.data.reasoning.checks.agreement import agreement, agrees
from joppo.data.reasoning.checks.base import Check, Failure, Sample
from joppo.data.reasoning.checks.contradictions import contradicts_facts, contradicts_label
from joppo.data.reasoning.checks.duplicates import near_duplicates, repeated_reasonings
from joppo.data.reasoning.checks.length import length
from joppo.data.reasoning.checks.phrases import label_mentioned, leaked_instructions, refusal

CHECKS: tuple[Check, ...] = (
    refusal,
    agreement,
    leaked_instructions,
    label_mentioned,
    length,
    contradicts_label,
    contradicts_facts,
)


def first_failure(sample: Sample) -> Failure | None:
    """The first check that fails, in the order of `CHECKS`; None where all pass."""
    return next((failure for check in CHECKS if (failure := check(sample))), None)


__all__ = [
    "CHECKS",
    "Check",
    "Failure",
    "Sample",
    "agrees",
    "first_failure",
    "near_duplicates",
    "repeated_reasonings",
]
