"""Ranked photos for reports, among them what hostile names and models may say."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from joppo.data.datasets.find_photos import PhotoFile
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.scoring.rows import ScoreRow
from joppo.training.scoring.score import Scored
from joppo.training.scoring.score_files import Ranked, rank

HOSTILE = [
    "<script>window.owned = 1</script>.jpg",
    "<img src=x onerror='window.owned = 1'>.png",
    '"><svg onload="window.owned = 1">.gif',
    "</script><script>window.owned = 1</script>",
    "{{ 7 * 7 }} ${window.owned = 1} .jpg",
    "<!--<script>.jpg",
    "javascript:window.owned=1",
    "two\nlines \u2028 and \u202egpj.exe",
    "'; window.owned = 1; '",
    "&lt;b&gt; &amp; ünï 北京 🙂",
]


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (40, 110, 160)).save(out, "JPEG")
    return out.getvalue()


JPEG = _jpeg()


def ranked_photos(
    count: int,
    names: Sequence[str] = (),
    words: Sequence[str] = (),
    spread: float | None = None,
    failed: int = 0,
) -> list[Ranked]:
    """Photos whose totals fall from 0.95; the last `failed` of them have no answer."""
    attributes = load_rubric().names
    scored = []
    for n in range(count):
        ok = n < count - failed
        name = names[n] if names else f"photo {n:05d}.jpg"
        row = {
            "judge": "eye@00000000",
            "prompt_id": "p",
            "image_id": f"{n:064d}",
            "samples": int(ok),
            "total": 0.95 - 0.9 * n / count if ok else None,
            "spread": spread if ok else None,
            "attributes": {a: (n + i) % 21 / 10 - 1 for i, a in enumerate(attributes) if ok},
            "explanation": words[n] if words else f"Words about photo {n}.",
            "raw_text": words[n] if words else "raw",
            "parse_ok": ok,
            "reason": None if ok else "missing_tag",
        }
        scored.append(Scored(PhotoFile(name, Path(name)), ScoreRow(**row)))
    return rank(scored)
