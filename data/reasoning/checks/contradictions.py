"""Does the text contradict the label or the measured facts? (`lexicon.yaml`)

The lexicon is small and careful: it has phrases that leave no doubt, clauses with a negation or a
conditional are skipped, and a fact counts as contradicted only where the measured value is far on
the other side. In a comparison a claim may be about either photo, so it fails only if it is wrong
about both.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from joppo.data.questions.question import Subject
from joppo.data.reasoning.checks.base import Failure, Sample
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import horizon_height

_FILE = Path(__file__).with_name("lexicon.yaml")
_CLAUSE = re.compile(r"[^.!?;]+")


@dataclass(frozen=True, slots=True)
class _Entry:
    phrases: re.Pattern[str]
    categories: frozenset[int]
    """PICD ids that the phrases are true of"""
    contradicted_by: Mapping[str, Sequence[str]]
    """aspect -> values that make the phrases false"""


def contradicts_label(sample: Sample) -> Failure | None:
    """A composition is claimed that none of the photo's categories allows."""
    categories = set(sample.subject.categories)
    if not categories or sample.question.partner is not None:
        return None
    for entry in _lexicon()["compositions"]:
        phrase = _claimed(entry.phrases, sample.reasoning)
        if phrase and not categories & entry.categories:
            names = ", ".join(CATEGORIES[c].name for c in sorted(categories))
            return Failure("contradicts_label", f"{phrase!r} is said of a photo with {names}")
    return None


def contradicts_facts(sample: Sample) -> Failure | None:
    """Something measured, or a labelled perspective, is claimed to be the opposite."""
    truths = [dict(claims) for claims in sample.claims]
    if sample.question.partner is None:
        truths[0] |= _perspective(sample.subject)
    for entry in _lexicon()["facts"]:
        phrase = _claimed(entry.phrases, sample.reasoning)
        if phrase is None:
            continue
        wrong = [_contradiction(entry.contradicted_by, truth) for truth in truths]
        if all(wrong):
            return Failure("contradicts_facts", f"{phrase!r}, but the photo has {wrong[0]}")
    return None


def _perspective(subject: Subject) -> dict[str, str]:
    labelled = {
        "perspective": subject.perspective,
        "horizon_height": horizon_height(subject.label.get("horizon")),
    }
    return {aspect: value for aspect, value in labelled.items() if value is not None}


def _contradiction(
    contradicted_by: Mapping[str, Sequence[str]], truth: Mapping[str, str]
) -> str | None:
    """`aspect value` of the truth that rules the claim out, or None."""
    return next(
        (
            f"{aspect} {truth[aspect]}"
            for aspect, bad in contradicted_by.items()
            if truth.get(aspect) in bad
        ),
        None,
    )


def _claimed(pattern: re.Pattern[str], text: str) -> str | None:
    """The first match in a clause without negation."""
    for clause in _clauses(text.replace("’", "'")):
        match = pattern.search(clause)
        if match and not _lexicon()["negations"].search(clause):
            return match[0]
    return None


def _clauses(text: str) -> Iterator[str]:
    return (match[0] for match in _CLAUSE.finditer(text))


@cache
def _lexicon() -> dict[str, Any]:
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {
        "negations": _words(raw["negations"]),
        "compositions": [
            _Entry(_words(e["says"]), frozenset(e["fits"]), {}) for e in raw["compositions"]
        ],
        "facts": [_Entry(_words(e["says"]), frozenset(), e["against"]) for e in raw["facts"]],
    }


def _words(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(patterns) + r")(?!\w)", re.IGNORECASE)
