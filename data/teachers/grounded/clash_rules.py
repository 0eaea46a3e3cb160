"""Which true claims a text about a photo had better leave out.

A measured claim can be true and still read as speaking against the label: what stands out may lie
left of the middle in a photo with a centered subject and a bright corner.
"""

from collections.abc import Mapping
from typing import Any

from joppo.data.taxonomy.categories import CATEGORIES

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
LAYOUT = ("weight_x", "weight_y", "spread", "symmetry", "detail", "format")
# Words about lines and boundaries belong to the label: a measured direction may run against the
# line that makes the composition or the horizon. The second colour goes with the first.
_SILENT = {"color_2", "lines", "boundary"}
# A rated composition or depth of field could be at odds with these.
_RATED = {"weight_x", "weight_y", "symmetry", "focus", "spread"}


def tellable(claims: Mapping[str, str], task: str, label: Mapping[str, Any]) -> list[str]:
    """Aspects of the claims that may be named beside the label."""
    categories = label.get("categories") or []
    arrangements = {CATEGORIES[c].arrangement for c in categories}
    clashes = {clash for name in arrangements for clash in _CLASHES.get(name, ())}
    silent = _SILENT | (_RATED if task == "aesthetic" else set())
    if "rule of thirds" in arrangements and "weight_x" in claims:
        silent = silent | {"weight_y"}
    return [a for a, v in claims.items() if a not in silent and (a, v) not in clashes]
