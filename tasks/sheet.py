"""The contact sheet of a build: parent, control map and image of accepted and rejected attempts."""

from typing import Any

from joppo.data.photos.decode import load_photo
from joppo.data.photos.thumbnail import encode_jpeg
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt
from joppo.data.synthesis.contact_sheet import contact_sheet
from joppo.tasks.manifest import Manifest, load
from joppo.tasks.plan import read_planned
from joppo.tasks.shard_task import Step, shard_task

RECIPE_VERSION = 1
JPEG_QUALITY = 88


@shard_task("contact-sheet", RECIPE_VERSION)
def draw_sheet(gated: list[Manifest], step: Step) -> Manifest:
    """Draw the sheet and keep it in the store as `sheets/<key>.jpg`."""
    judged = [pair for manifest in gated for pair in _judged(manifest, step.store)]
    judged.sort(key=lambda pair: pair[0].attempt_id)
    uri = f"sheets/{step.key}.jpg"
    sheet = load_photo(contact_sheet(judged, step.store))
    # A tenth of the size of a PNG: the sheet travels inside an artifact.
    step.store.write_bytes(uri, encode_jpeg(sheet, JPEG_QUALITY))
    return step.save({}, files=[uri], extra={"sheet": uri})


def _judged(gated: Manifest, store: Store) -> list[tuple[Attempt, dict[str, Any]]]:
    """Attempts of a shard with the gate's row of each."""
    attempts = read_planned(gated["extra"]["plan"], store).attempts
    by_id = {attempt.attempt_id: attempt for attempt in attempts}
    return [(by_id[row["attempt_id"]], row) for row in load(store, gated, "syntheses")]
