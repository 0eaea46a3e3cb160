"""Which true claims a text about a photo leaves out, because they seem to contradict its label.

A measured claim can be true and still read like a contradiction: in a photo with a centered
subject and a bright corner, what stands out most lies left of the middle.
"""

from collections.abc import Mapping, Sequence

from joppo.data.taxonomy.categories import CATEGORIES

LAYOUT = ("weight_x", "weight_y", "spread", "symmetry", "detail", "format")
"""Aspects of where things are in the frame."""
# Arrangement of a category -> (aspect, value) of the claims that seem to contradict it.
_CLASHES: dict[str, set[tuple[str, str]]] = {
    "centered": {
        ("weight_x", "left"),
        ("weight_x", "right"),
        ("weight_y", "upper"),
        ("weight_y", "lower"),
        ("spread", "wide"),
    },
    "rule of thirds": {("weight_x", "center"), ("symmetry", "symmetric"), ("spread", "wide")},
    "dense": {("detail", "sparse"), ("spread", "compact")},
    "pattern": {("spread", "compact")},
    "scatter": {("spread", "compact")},
}
# Lines and boundaries are left to the label: a measured direction may differ from that of the line
# that makes the composition, or from the horizon. The second color is named with the first.
_NEVER = {"color_2", "lines", "boundary"}
# These may disagree with a rating of composition or depth of field.
_NOT_WITH_RATINGS = {"weight_x", "weight_y", "symmetry", "focus", "spread"}


def usable_aspects(claims: Mapping[str, str], task: str, categories: Sequence[int]) -> list[str]:
    """Aspects of the claims that fit a text about the label, in the order of the claims.

    Args:
        claims: aspect -> value (see `data.photos.claims`).
        task: composition, perspective or aesthetic.
        categories: PICD ids of the photo.
    """
    arrangements = {CATEGORIES[category].arrangement for category in categories}
    clashes = {clash for name in arrangements for clash in _CLASHES.get(name, ())}
    excluded = _NEVER | (_NOT_WITH_RATINGS if task == "aesthetic" else set())
    if "rule of thirds" in arrangements and "weight_x" in claims:
        excluded = excluded | {"weight_y"}
    return [
        aspect
        for aspect, value in claims.items()
        if aspect not in excluded and (aspect, value) not in clashes
    ]
