"""`joppo plan`: what a build would take, before anything is spent."""

import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from joppo.data.datasets.base import Reject
from joppo.data.datasets.ingest import ingest_shard, label_row
from joppo.data.datasets.item import Item
from joppo.data.datasets.labelled import LabelledPhoto, labelled_photos
from joppo.data.datasets.sources import SourceConfig, list_items, list_labels
from joppo.data.datasets.splits import hash_split
from joppo.data.reasoning.plan_cost import PlanRow, Workload, plan_cost, requests_by_teacher
from joppo.data.reasoning.reason import shard_requests
from joppo.data.scenes.scene_source import render_shard, scene_items
from joppo.data.store.hashing import content_hash
from joppo.data.store.store import Store
from joppo.data.synthesis.long_tail_plan import make_plan, plan_totals
from joppo.data.teachers.base import TeacherRequest
from joppo.data.teachers.dry_run import write_dry_run
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import load_config

DRY_RUN_PHOTOS = 10


def show_plan(config: Path, dry_run: Path | None) -> None:
    """Print the plan of a config; with `dry_run` also write ten prompts to that folder."""
    c = load_config(BuildSftDataConfig, config)
    console = Console()
    console.print(_table(plan_build(c, config.parent)))
    if dry_run is not None:
        with tempfile.TemporaryDirectory() as place:  # requests load their photos when written
            requests = _sample_requests(c, config.parent, Store(place))
            written = write_dry_run(requests, dry_run)
        console.print(f"{len(written)} prompts to read in {dry_run}; nothing was sent.")


def plan_build(c: BuildSftDataConfig, base: Path) -> list[PlanRow]:
    """Requests, tokens, cost, hours, images and disk of a build; reads labels only.

    Raises:
        UnknownPriceError: a teacher's model has no price.
    """
    photos = list(_labelled(c, base))
    attempts = accepted = 0
    if c.synthesis is not None:
        plan = make_plan(
            [photo for photo in photos if photo.categories],
            c.synthesis.plan,
            c.synthesis.control,
            "plan",
        )
        attempts = plan_totals(plan.table)["attempts"]
        accepted = round(attempts * c.synthesis.plan.expected_yield)
    requests = requests_by_teacher(c.reasoning, c.teachers, len(photos) + accepted)
    work = Workload(photos=len(photos), synthetic=attempts, requests=requests)
    return plan_cost(c.teachers, work)


def _labelled(c: BuildSftDataConfig, base: Path) -> Iterator[LabelledPhoto]:
    """Photos of the labels; a photo that is not at hand is named by a hash of its label's item.

    Its split is therefore a guess, right in proportion and not photo by photo.
    """
    if c.scenes is not None:
        for item in scene_items(c.scenes):
            yield _photo({"categories": [item["category"]], "dataset": "scenes"}, item, c)
        return
    for source in c.datasets:
        for label in list_labels(source, base):
            if not isinstance(label, Reject):
                item = [label.dataset, label.item]
                yield _photo(label_row(label, None, label.split), item, c)


def _photo(label: Mapping[str, Any], item: Any, c: BuildSftDataConfig) -> LabelledPhoto:
    image_id = content_hash(item)
    split = label.get("split") or hash_split(image_id, c.ingest.split)
    image = {"image_id": image_id, "split": split, "parent_image_id": None}
    # Rendered scenes come with their depth map; where it is does not matter to the count.
    depth = "known" if c.scenes is not None else None
    return LabelledPhoto(image, {**label, "split": split}, known_depth_uri=depth)


def _sample_requests(c: BuildSftDataConfig, base: Path, store: Store) -> list[TeacherRequest]:
    """The requests of a few photos, spread over the scenes or the sources."""
    if c.scenes is not None:
        items = scene_items(c.scenes)
        step = max(1, len(items) // DRY_RUN_PHOTOS)
        rows = render_shard(items[::step], store, c.scenes)
    else:
        each = -(-DRY_RUN_PHOTOS // len(c.datasets))
        found = [item for one in c.datasets for item in _first_items(one, base, each)]
        rows = ingest_shard(found, store, c.ingest)
    photos = labelled_photos(rows["images"], rows["labels"])
    return shard_requests(photos, store, c.reasoning.with_teachers(c.teachers))


def _first_items(source: SourceConfig, base: Path, number: int) -> Iterator[Item]:
    items = (one for one in list_items(source, base) if not isinstance(one, Reject))
    return islice(items, number)


def _table(rows: list[PlanRow]) -> Table:
    """Fits 80 columns: tokens in millions, short names."""
    title = "what this build would take (tokens in millions)"
    table = Table(title=title, header_style="bold", box=box.SIMPLE, padding=(0, 1, 0, 0))
    names = ("item", "requests", "in", "out", "USD", "hours", "images", "GB")
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        cells = [
            row.item,
            f"{row.requests:,}",
            f"{row.prompt_tokens / 1e6:,.1f}",
            f"{row.completion_tokens / 1e6:,.1f}",
            f"{row.cost_usd:,.2f}",
            f"{row.hours:,.1f}",
            f"{row.images:,}",
            f"{row.disk_gb:,.2f}",
        ]
        table.add_row(*cells, style="bold" if row.item == "total" else None)
    return table
