"""Perspective in words: kinds, regions of the vanishing point, heights of the horizon.

A position within `MARGIN` of the border of two regions has no clear name and gives None: such a
photo is not asked about that position.
"""

KINDS = ("one-point", "two-point", "none")
KIND_TEXTS = {
    "one-point": "one-point perspective",
    "two-point": "two-point perspective",
    "none": "no linear perspective",
}
OUTSIDE = "outside the frame"
ABSENT = "no vanishing point"
_COLUMNS = ("left", "center", "right")
_ROWS = ("upper", "middle", "lower")
REGIONS = tuple(f"{row} {column}" for row in _ROWS for column in _COLUMNS)
VANISHING = (*REGIONS, OUTSIDE, ABSENT)
HEIGHTS = ("high", "middle", "low")
HORIZONS = (*HEIGHTS, "no visible horizon")
HORIZON_TEXTS = {
    "high": "high in the frame",
    "middle": "near the middle of the height",
    "low": "low in the frame",
    "no visible horizon": "no visible horizon",
}
MARGIN = 0.02


def vanishing_region(kind: str | None, x: float | None, y: float | None) -> str | None:
    """Region of the main vanishing point (fractions of the frame), or None where unclear."""
    if x is None or y is None:
        return ABSENT if kind == "none" else None
    if min(x, y) < -MARGIN or max(x, y) > 1 + MARGIN:
        return OUTSIDE
    if min(x, y) < MARGIN or max(x, y) > 1 - MARGIN:
        return None
    column, row = _third(x, _COLUMNS), _third(y, _ROWS)
    return f"{row} {column}" if row and column else None


def horizon_height(y: float | None) -> str | None:
    """`high` above 0.4 of the height from the top, `low` below 0.6, `middle` between; or None."""
    if y is None or not 0 <= y <= 1 or min(abs(y - 0.4), abs(y - 0.6)) < MARGIN:
        return None
    return "high" if y < 0.4 else "low" if y > 0.6 else "middle"


def vanishing_tiers(right: str) -> list[list[str]]:
    """Distractors by hardness: regions in the same row or column, then all others."""
    if right not in REGIONS:
        return [list(VANISHING)]
    row, column = right.split()
    near = [r for r in REGIONS if r.split()[0] == row or r.split()[1] == column]
    return [near, list(VANISHING)]


def _third(value: float, names: tuple[str, ...]) -> str | None:
    if min(abs(value - 1 / 3), abs(value - 2 / 3)) < MARGIN:
        return None
    return names[min(2, int(value * 3))]
