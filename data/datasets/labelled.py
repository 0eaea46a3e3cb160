"""Photos with their labels: the join that planning and reasoning start from."""

from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]


def labelled_photos(images: Iterable[Row], labels: Iterable[Row]) -> list[dict[str, Any]]:
    """`{"image": row, "label": row or None}` per photo, sorted by image_id.

    Of several labels of one photo the one of the dataset it came with stands, then the first by
    dataset and item, so that the choice does not depend on the order of the rows.
    """
    photos = {row["image_id"]: row for row in images}
    best: dict[str, Row] = {}
    for label in labels:
        image_id = label["image_id"]
        if image_id in photos:
            known = best.get(image_id)
            origin = photos[image_id]["origin"]
            if known is None or _rank(label, origin) < _rank(known, origin):
                best[image_id] = label
    return [
        {"image": dict(photos[i]), "label": dict(best[i]) if i in best else None}
        for i in sorted(photos)
    ]


def _rank(label: Row, origin: str) -> tuple[bool, str, str]:
    return label["dataset"] != origin, label["dataset"], label["item"]


def inherited_label(attempt: Row, image_id: str) -> dict[str, Any]:
    """Label of a synthetic photo: its parent's composition and perspective, which the control kept.

    Scores, attributes and raters are left out: nobody rated the new photo.
    """
    unrated = {"mos": None, "mos_raw": None, "raters": None, "attributes": None}
    return {
        **attempt["label"],
        **unrated,
        "image_id": image_id,
        "categories": [attempt["category"]],
        "split": attempt["parent"]["split"],
    }
