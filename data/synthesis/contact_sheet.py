"""Contact sheets: parent, control and synthetic image side by side, accepted and rejected."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from joppo.data.photos.decode import load_photo
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt, Row
from joppo.data.synthesis.control_maps import read_map

Pair = tuple[Attempt, Row]
CELL = 128
_TEXT = 26
_GREEN, _RED = (46, 139, 87), (190, 50, 50)


def contact_sheet(
    judged: Sequence[Pair],
    store: Store,
    columns: int = 4,
    accepted: int = 20,
    rejected: int = 8,
) -> bytes:
    """PNG bytes of a sheet.

    Args:
        judged: attempts, each with its row of `syntheses` from `gate_shard`.
        columns: attempts side by side; each is three cells: parent, control map(s), image.
        accepted, rejected: most attempts to show of each; spread evenly over the rows.
    """
    passed = [pair for pair in judged if pair[1]["accepted"]]
    failed = [pair for pair in judged if not pair[1]["accepted"]]
    shown = [*_spread(passed, accepted), *_spread(failed, rejected)]
    lines = max(1, -(-len(shown) // columns))
    width, height = 3 * CELL + 12, CELL + _TEXT + 8
    sheet = Image.new("RGB", (columns * width, lines * height), "white")
    for index, (attempt, synthesis) in enumerate(shown):
        cell = _attempt_cell(attempt, synthesis, store)
        sheet.paste(cell, (index % columns * width, index // columns * height))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _spread(pairs: Sequence[Pair], limit: int) -> list[Pair]:
    """At most `limit` pairs, evenly spaced, so that all categories have a chance to be seen."""
    if len(pairs) <= limit:
        return list(pairs)
    return [pairs[index * len(pairs) // limit] for index in range(limit)]


def _attempt_cell(attempt: Attempt, synthesis: Row, store: Store) -> Image.Image:
    parts = [
        _photo(store, attempt.parent["uri"]),
        _controls(store, attempt.control_uris),
        _photo(store, synthesis["uri"]),
    ]
    color = _GREEN if synthesis["accepted"] else _RED
    cell = Image.new("RGB", (3 * CELL + 10, CELL + _TEXT + 6), color)
    for index, part in enumerate(parts):
        cell.paste(part, (2 + index * (CELL + 3), 2))
    draw = ImageDraw.Draw(cell)
    verdict = "accepted" if synthesis["accepted"] else synthesis["reason"]
    f1 = synthesis["edge_f1"]
    score = "" if f1 is None else f"  edge F1 {f1:.2f}"
    first = f"category {attempt.category}  {attempt.control}{score}  {verdict}"
    draw.text((4, CELL + 4), first, fill="white")
    draw.text((4, CELL + 16), attempt.prompt.removeprefix("photograph of ")[:62], fill="white")
    return cell


def _photo(store: Store, uri: str) -> Image.Image:
    return _fit(load_photo(store.read_bytes(uri)))


def _controls(store: Store, uris: Mapping[str, str]) -> Image.Image:
    """One map in grey; of two maps, edges are drawn in orange over the depth."""
    maps = {kind: read_map(store, uri) for kind, uri in uris.items()}
    first = maps.get("depth", maps.get("canny"))
    assert first is not None
    color = np.repeat(first[..., None], 3, axis=2).copy()
    if len(maps) == 2:
        color[maps["canny"] > 0] = (255, 150, 30)
    return _fit(Image.fromarray(color))


def _fit(image: Image.Image) -> Image.Image:
    """Scale into a square cell, on black."""
    scale = CELL / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # Bicubic: a 64 px image would show its pixels as blocks, which no viewer of photos expects.
    small = image.resize(size, Image.Resampling.BICUBIC)
    cell = Image.new("RGB", (CELL, CELL), "black")
    cell.paste(small, ((CELL - size[0]) // 2, (CELL - size[1]) // 2))
    return cell
