"""What passes between the steps of synthesis: maps to compute, attempts, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MapRequest:
    """A control map to compute for a photo.

    `image` is the photo's row of `images`, `kind` is canny or depth, and `known_depth_uri` names an
    8-bit grey depth map in the store, white = near, where the depth need not be estimated.
    """

    image: Row
    kind: str
    known_depth_uri: str | None = None

    @property
    def image_id(self) -> str:
        """Id of the photo."""
        return str(self.image["image_id"])

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, as a plan is written into the store."""
        return {
            "image": dict(self.image),
            "kind": self.kind,
            "known_depth_uri": self.known_depth_uri,
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """One image to synthesize.

    `parent` is the row of `images` of the photo that gives the composition and `label` its row of
    `labels`; `category` (1 to 24) is the one that the image shall have. `control` is canny, depth
    or depth+canny, and `control_uris` maps each kind to its map in the store. `seed` is in
    [0, 2^31).
    """

    attempt_id: str
    parent: Row
    label: Row | None
    category: int
    control: str
    control_uris: Mapping[str, str]
    prompt: str
    negative_prompt: str
    seed: int

    @property
    def parent_id(self) -> str:
        """Id of the parent photo."""
        return str(self.parent["image_id"])

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, as a plan is written into the store."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Synthesized:
    """An attempt with the image that came of it: its rows of `syntheses` and of `images`."""

    attempt: Attempt
    synthesis: Row
    image: Row


@dataclass(frozen=True, slots=True)
class PlannedShard:
    """Attempts that are worked on together, and the control maps that they need."""

    attempts: list[Attempt]
    maps: list[MapRequest]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, as a plan is written into the store."""
        return {
            "attempts": [attempt.as_dict() for attempt in self.attempts],
            "controls": [request.as_dict() for request in self.maps],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "PlannedShard":
        """The shard of a JSON form; TypeError where a value is missing or unknown."""
        return cls(
            [Attempt(**attempt) for attempt in content["attempts"]],
            [MapRequest(**request) for request in content["controls"]],
        )


def inherited_label(attempt: Attempt, image_id: str) -> dict[str, Any]:
    """Label of a synthetic photo: its parent's composition and perspective, which the control kept.

    Scores, attributes and raters are left out: nobody rated the new photo.
    """
    return {
        **(attempt.label or {}),
        "mos": None,
        "mos_raw": None,
        "raters": None,
        "attributes": None,
        "image_id": image_id,
        "categories": [attempt.category],
        "split": attempt.parent["split"],
    }
