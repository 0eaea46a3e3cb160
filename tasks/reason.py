"""Reasoning over the photos of one shard, by whichever teachers the config names."""

from collections.abc import Mapping

from joppo.data.datasets.labelled import LabelledPhoto, Row, labelled_photos
from joppo.data.reasoning.missing_answers import AskAndNote
from joppo.data.reasoning.reason import RECIPE_VERSION, ReasoningConfig, reason_shard
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.synthesis.attempt import Attempt, inherited_label
from joppo.data.teachers.config import TeachersConfig
from joppo.tasks.keys import fill_keys
from joppo.tasks.manifest import Manifest, load, save
from joppo.tasks.plan import read_planned
from joppo.tasks.shard_task import Step, shard_task
from joppo.tasks.waiting import report_waiting


@shard_task("reason", RECIPE_VERSION)
def reason(photos: Manifest, step: Step) -> Manifest:
    """Ask, parse and check: photos of a manifest become training conversations."""
    config = ReasoningConfig.model_validate(step.config["reasoning"])
    items, ask = _items(photos, step), _ask(step)
    rows = reason_shard(items, step.store, config, ask=ask)
    if ask is None or not ask.missing:
        return step.save(rows)
    # Under a name of its own: the finished shard will have other rows, and a snapshot may hold this
    # one by then.
    key = f"{step.key}-{content_hash(sorted(ask.missing))[:SHORT]}"
    return save(step.store, step.stage, key, rows, extra={"missing": ask.counts()})


def _items(photos: Manifest, step: Step) -> list[LabelledPhoto]:
    """Photos with label and, where they were synthesized, the attempt that made them."""
    images, labels, syntheses = (
        load(step.store, photos, table) for table in ("images", "labels", "syntheses")
    )
    if not syntheses:
        return labelled_photos(images, labels)
    planned = read_planned(photos["extra"]["plan"], step.store)
    attempts = {attempt.attempt_id: attempt for attempt in planned.attempts}
    accepted = {row["image_id"]: row for row in syntheses if row["accepted"]}
    return [_child(image, accepted[image["image_id"]], attempts) for image in images]


def _child(image: Row, synthesis: Row, attempts: Mapping[str, Attempt]) -> LabelledPhoto:
    """A synthetic photo with its parent's label."""
    label = inherited_label(attempts[synthesis["attempt_id"]], image["image_id"])
    return LabelledPhoto(image, label, synthesis)


def _ask(step: Step) -> AskAndNote | None:
    """The gateway to paid teachers, or None for offline teachers alone."""
    if not step.settings.get("teachers"):
        return None
    from joppo.data.teachers.ask import make_ask

    teachers = TeachersConfig.model_validate(step.settings["teachers"])
    fill_keys(teachers)
    ask = make_ask(teachers, step.store.root, keep_going=True, on_waiting=report_waiting)
    return AskAndNote(ask)
