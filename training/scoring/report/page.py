"""Scored photos -> one HTML file: no server, no network, usable with thousands of photos.

The page is safe against what it shows: names and model texts are data, escaped as JSON and put into
the page as text nodes, and its content policy runs the one script whose hash it names.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from itertools import islice
from pathlib import PurePath
from statistics import fmean
from typing import Any

from joppo.data.datasets.base import Reject
from joppo.data.store.files import FileStore
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.scoring.score_files import Ranked

REPORT = "report.html"
CHUNK = 48
REJECT_ROWS = 500
#: (photos up to which, pixels of the long side): a report stays below about 50 MB.
SIDES = ((300, 320), (1500, 240), (5000, 176))
LEAST_SIDE = 120
Picture = Callable[[Ranked, int], bytes | None]


def render(
    ranked: Sequence[Ranked], rejects: Sequence[Reject], rubric: Rubric, picture: Picture
) -> str:
    """The page.

    Args:
        picture: (photo, pixels of the long side) -> its JPEG, or None where there is none.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    pictures, positions = _pictures(ranked, picture)
    style, script = _text("score_report.css"), _text("score_report.js")
    totals = [one.shown for one in ranked if one.shown is not None]
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text("score_report.html.j2")).render(
        title=f"{len(ranked):,} photo{'s' * (len(ranked) != 1)} ranked",
        judge=ranked[0].row.judge if ranked else "none",
        rubric=rubric.name,
        samples=max((one.row.samples for one in ranked), default=0) if _drawn(ranked) else None,
        calibrated=any(one.calibrated is not None for one in ranked),
        answered=len(totals),
        failed=len(ranked) - len(totals),
        mean=fmean(totals) if totals else None,
        rejects=rejects,
        reject_rows=REJECT_ROWS,
        report={
            "attributes": rubric.names,
            "photos": [_photo(one, rubric.names, positions) for one in ranked],
        },
        thumbnails=pictures,
        # Our own files: nothing of a photo or a model is in them.
        style=Markup(style),
        script=Markup(script),
        style_hash=_policy_hash(style),
        script_hash=_policy_hash(script),
    )


def write_report(
    out: FileStore,
    ranked: Sequence[Ranked],
    rejects: Sequence[Reject],
    rubric: Rubric,
    picture: Picture,
) -> str:
    """Write the page whole or not at all, and return its name.

    Raises:
        StoreError: the folder cannot be written.
    """
    out.write_bytes(REPORT, render(ranked, rejects, rubric, picture).encode())
    return REPORT


def side_for(photos: int) -> int:
    """Pixels of the thumbnails of a report."""
    return next((side for most, side in SIDES if photos <= most), LEAST_SIDE)


def _drawn(ranked: Sequence[Ranked]) -> bool:
    return any("*" in one.row.judge for one in ranked)


def _photo(
    one: Ranked, names: Sequence[str], positions: dict[str, tuple[int, int]]
) -> dict[str, Any]:
    row = one.row
    position = positions.get(row.image_id)
    return {
        "id": row.image_id,
        "name": one.name,
        "short": PurePath(one.name).name,
        "rank": one.rank,
        "total": one.shown,
        "raw_total": row.total,
        "spread": row.spread,
        "attributes": [row.attributes[name] for name in names] if row.parse_ok else [],
        "words": row.explanation,
        "reason": row.reason,
        "raw": None if row.parse_ok else row.raw_text,
        "thumbnail": list(position) if position else None,
    }


def _pictures(
    ranked: Sequence[Ranked], picture: Picture
) -> tuple[list[list[str]], dict[str, tuple[int, int]]]:
    """Chunks of base64 JPEGs in the order of the ranks, and the position of each photo in them."""
    side = side_for(len(ranked))
    chunks: list[list[str]] = []
    positions: dict[str, tuple[int, int]] = {}
    for part in _parts(ranked):
        chunk: list[str] = []
        for one in part:
            image_id = one.row.image_id
            if image_id in positions or (jpeg := picture(one, side)) is None:
                continue
            positions[image_id] = len(chunks), len(chunk)
            chunk.append(base64.b64encode(jpeg).decode())
        chunks.append(chunk)
    return chunks, positions


def _parts(ranked: Sequence[Ranked]) -> Iterator[list[Ranked]]:
    rest = iter(ranked)
    while part := list(islice(rest, CHUNK)):
        yield part


def _policy_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _text(name: str) -> str:
    return (files("joppo.training.scoring.report") / name).read_text(encoding="utf-8")
