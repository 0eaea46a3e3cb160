"""What may be said in words about measured facts.

Each aspect has a few values with a stated range; between two values lies a gap where nothing is
said, so that a claim stays true under a small change of the photo or of the measure. The ranges
were set on the spread of 243 real photographs (OASIS): outer values take about a quarter each.
"""

from collections.abc import Callable

from joppo.data.photos.measure import Facts

INFINITY = float("inf")
Ranges = dict[str, tuple[float, float]]

# aspect -> (what is measured, value -> (low, high)), low <= x < high.
_ASPECTS: dict[str, tuple[Callable[[Facts], float | None], Ranges]] = {
    "tone": (
        lambda f: f.brightness,
        {"dark": (0, 0.36), "middle": (0.42, 0.52), "bright": (0.57, INFINITY)},
    ),
    "contrast": (
        lambda f: f.contrast,
        {"low": (0, 0.15), "moderate": (0.18, 0.23), "high": (0.26, INFINITY)},
    ),
    "saturation": (
        lambda f: f.saturation,
        {
            "colorless": (0, 0.03),
            "muted": (0.05, 0.15),
            "moderate": (0.2, 0.35),
            "vivid": (0.42, INFINITY),
        },
    ),
    "temperature": (
        lambda f: f.temperature,
        {"cool": (-INFINITY, -0.06), "neutral": (-0.02, 0.03), "warm": (0.1, INFINITY)},
    ),
    "sharpness": (
        lambda f: f.sharpness,
        {"soft": (0, 0.23), "moderate": (0.27, 0.31), "crisp": (0.35, INFINITY)},
    ),
    "focus": (
        lambda f: f.focus_gap,
        {"surroundings": (-INFINITY, -0.06), "even": (-0.02, 0.02), "subject": (0.05, INFINITY)},
    ),
    "symmetry": (
        lambda f: f.symmetry,
        {"asymmetric": (-INFINITY, 0.05), "symmetric": (0.65, INFINITY)},
    ),
    "weight_x": (
        lambda f: f.salient_x,
        {"left": (0, 0.44), "center": (0.475, 0.525), "right": (0.56, INFINITY)},
    ),
    "weight_y": (
        lambda f: f.salient_y,
        {"upper": (0, 0.41), "center": (0.46, 0.54), "lower": (0.59, INFINITY)},
    ),
    "spread": (lambda f: f.salient_spread, {"compact": (0, 0.3), "wide": (0.41, INFINITY)}),
    "light_x": (
        lambda f: f.light_x,
        {"left": (-INFINITY, -0.1), "even": (-0.03, 0.03), "right": (0.1, INFINITY)},
    ),
    "light_y": (lambda f: f.light_y, {"upper": (-INFINITY, -0.2), "lower": (0.2, INFINITY)}),
    "shadows": (lambda f: f.shadows, {"none": (0, 0.005), "deep": (0.3, INFINITY)}),
    "highlights": (lambda f: f.highlights, {"clipped": (0.1, INFINITY)}),
    "detail": (lambda f: f.edge_density, {"sparse": (0, 0.15), "busy": (0.5, INFINITY)}),
    "boundary": (
        lambda f: f.horizon,
        {"upper": (0, 0.42), "middle": (0.46, 0.54), "lower": (0.58, INFINITY)},
    ),
    "format": (
        lambda f: f.aspect,
        {"upright": (0, 0.9), "square": (0.98, 1.02), "landscape": (1.1, INFINITY)},
    ),
}
_LINES = {"horizontal": 0.55, "vertical": 0.45, "diagonal": 0.6}


def claims(facts: Facts) -> dict[str, str]:
    """Aspect -> value of everything that can be said with confidence about the facts.

    Beside the ranged aspects: `lines` names a dominant edge direction, `color` and `color_2` the
    most common colours by name (the second one only where it covers 10% of the frame or more).
    """
    claimed = {}
    for aspect, (measured, ranges) in _ASPECTS.items():
        number = measured(facts)
        for value, (low, high) in ranges.items():
            if number is not None and low <= number < high:
                claimed[aspect] = value
    for direction, least in _LINES.items():
        if facts.directions[direction] >= least:
            claimed["lines"] = direction
    if facts.palette and facts.palette[0].share >= 0.25:
        claimed["color"] = facts.palette[0].name
        if len(facts.palette) > 1 and facts.palette[1].share >= 0.1:
            claimed["color_2"] = facts.palette[1].name
    return claimed


def values(aspect: str) -> list[str]:
    """The values that an aspect can take; for wording files and lexicons."""
    return list(_LINES) if aspect == "lines" else list(_ASPECTS[aspect][1])


ASPECTS = (*_ASPECTS, "lines")
"""Aspects with a fixed list of values (the colours have open ones)."""
