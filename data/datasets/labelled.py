"""Photos with their labels: the join that planning and reasoning start from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo with everything that the corpus knows about it.

    `image` is its row of `images`, `label` its row of `labels` (None without one; a synthetic photo
    has its parent's, without the scores) and `synthesis` the row of `syntheses` of the attempt
    that made it (None for a photograph). `known_depth_uri` names a depth map in the store that came
    with the photo.
    """

    image: Row
    label: Row | None = None
    synthesis: Row | None = None
    known_depth_uri: str | None = None

    @property
    def id(self) -> str:
        """The photo's image_id."""
        return str(self.image["image_id"])

    @property
    def is_synthetic(self) -> bool:
        """Whether the photo was synthesized from another one."""
        return bool(self.synthesis or self.image.get("parent_image_id"))

    @property
    def categories(self) -> tuple[int, ...]:
        """Ids of the composition categories (1 to 24) that the label names; often one."""
        return tuple((self.label or {}).get("categories") or ())


def labelled_photos(
    images: Iterable[Row], labels: Iterable[Row], known_depths: Mapping[str, str] | None = None
) -> list[LabelledPhoto]:
    """The photos with their labels, sorted by image_id.

    Of several labels of one photo, that of the dataset which the photo came with is taken, then the
    first by dataset and item, so that the choice does not depend on the order of the rows.
    `known_depths` maps image_id to the URI of a known depth map.
    """
    photos = {row["image_id"]: row for row in images}
    best: dict[str, Row] = {}
    for label in labels:
        image_id = label["image_id"]
        if image_id in photos:
            current = best.get(image_id)
            origin = photos[image_id]["origin"]
            if current is None or _rank(label, origin) < _rank(current, origin):
                best[image_id] = label
    depths = known_depths or {}
    return [
        LabelledPhoto(photos[i], best.get(i), known_depth_uri=depths.get(i)) for i in sorted(photos)
    ]


def _rank(label: Row, origin: str) -> tuple[bool, str, str]:
    return label["dataset"] != origin, label["dataset"], label["item"]
