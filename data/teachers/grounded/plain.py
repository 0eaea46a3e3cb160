"""The shortest reason for a score: one fact about light and one about color, always worded alike.

A judge of a million parameters can learn to state these correctly, and to base its numbers on them.
"""

from collections.abc import Collection, Mapping

from joppo.data.questions.template_pool import render
from joppo.data.teachers.grounded.words import wording

GROUPS = (("light_x", "tone", "contrast"), ("saturation", "temperature", "color"))
"""Aspects of light and of color: of each group, the first one that a photo has is named."""


def plain_aspects(usable: Collection[str]) -> list[str]:
    """At most one aspect of each group, out of those that may be named."""
    found = ([aspect for aspect in group if aspect in usable] for group in GROUPS)
    return [aspects[0] for aspects in found if aspects]


def plain_clause(aspect: str, claims: Mapping[str, str]) -> str:
    """The first wording of a claim."""
    return clauses(aspect, claims)[0]


def clauses(aspect: str, claims: Mapping[str, str]) -> list[str]:
    """All wordings of a claim; of the colors only the first one is named."""
    value, words = claims[aspect], wording("facts")[aspect]
    if aspect != "color":
        return list(words[value])
    return [render(text, color=value) for text in words["one"]]
