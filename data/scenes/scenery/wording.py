"""Caption words that say only what the renderer drew."""

from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.points import Truth

_A = "aeiou"


def describe(c: Canvas, truth: Truth) -> dict[str, str]:
    """Words by field: subject, where, light, season, style, color."""
    mood = c.mood
    light, color = mood.quality["light"], mood.quality["color"]
    if light > 0.35:
        kind = "strong side light"
    elif light > -0.3:
        kind = "soft daylight"
    else:
        kind = "flat dull light"
    article = "" if truth.subject[0].isdigit() or truth.subject.endswith("s") else "a "
    if truth.subject.split()[0] in ("a", "an", "the"):
        article = ""
    if article and truth.subject[0] in _A:
        article = "an "
    tone = "vivid colors" if color > 0.35 else "natural colors"
    tone = "muted colors" if color < -0.3 else tone
    return {
        "subject": article + truth.subject,
        "where": truth.where,
        "light": f"{kind}, {mood.time}",
        "season": f"{c.season}, {mood.weather}" if c.setting == "outdoors" else c.setting,
        "color": "vivid colors"
        if color > 0.35
        else "muted colors"
        if color < -0.3
        else "natural colors",
        "style": "photograph" if mood.style == "default" else "stylized photograph",
    }


def caption(words: dict[str, str]) -> str:
    return (
        f"{words['style']} of {words['subject']} {words['where']}, {words['light']}, "
        f"{words['season']}, {words['color']}"
    )
