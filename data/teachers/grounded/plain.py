"""The barest grounds for a score: what is measured of light and of color, in words that never vary.

A judge of a million parameters learns to say this truly, and its numbers can lean on what it said.
"""

from collections.abc import Collection, Mapping

from joppo.data.questions.template_pool import render
from joppo.data.teachers.grounded.words import wording

GROUPS = (("light_x", "tone", "contrast"), ("saturation", "temperature", "color"))
"""aspects of light and of color; of each group the first that a photo has is named"""


def plain_aspects(tellable: Collection[str]) -> list[str]:
    """At most one aspect of each group, out of those that may be named."""
    found = ([one for one in group if one in tellable] for group in GROUPS)
    return [aspects[0] for aspects in found if aspects]


def plain_clause(aspect: str, claims: Mapping[str, str]) -> str:
    """The first wording of what is so of an aspect."""
    return clauses(aspect, claims)[0]


def clauses(aspect: str, claims: Mapping[str, str]) -> list[str]:
    """All wordings of what is so of an aspect; of the colors only the first is named."""
    value, words = claims[aspect], wording("facts")[aspect]
    if aspect != "color":
        return list(words[value])
    return [render(one, color=value) for one in words["one"]]
