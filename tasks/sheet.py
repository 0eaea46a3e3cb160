"""The contact sheet of a build: parent, control map and image of accepted and rejected attempts."""

import json
from typing import Any

from joppo.data.photos.decode import load_photo
from joppo.data.photos.thumbnail import encode_jpeg
from joppo.data.store.store import Store
from joppo.data.synthesis.contact_sheet import contact_sheet
from joppo.tasks.manifest import Manifest, load
from joppo.tasks.shard_task import Step, shard_task

RECIPE_VERSION = 1
JPEG_QUALITY = 88


@shard_task("contact-sheet", RECIPE_VERSION)
def draw_sheet(gated: list[Manifest], step: Step) -> Manifest:
    """Draw the sheet and keep it in the store as `sheets/<key>.jpg`."""
    rows = [row for one in gated for row in _rows(one, step.store)]
    rows.sort(key=lambda row: row["attempt"]["attempt_id"])
    uri = f"sheets/{step.key}.jpg"
    sheet = load_photo(contact_sheet(rows, step.store))
    # A tenth of the size of a PNG: the sheet travels inside an artifact.
    step.store.write_bytes(uri, encode_jpeg(sheet, JPEG_QUALITY))
    return step.save({}, files=[uri], extra={"sheet": uri})


def _rows(gated: Manifest, store: Store) -> list[dict[str, Any]]:
    planned = json.loads(store.read_bytes(gated["extra"]["plan"]))
    attempts = {attempt["attempt_id"]: attempt for attempt in planned["attempts"]}
    syntheses = load(store, gated, "syntheses")
    return [{"attempt": attempts[row["attempt_id"]], "synthesis": row} for row in syntheses]
