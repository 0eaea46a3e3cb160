"""A label with its photo file: what listing finds and ingestion takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joppo.data.datasets.base import Label
from joppo.data.store.hashing import content_hash


@dataclass(frozen=True, slots=True)
class Item:
    """A photo file with its label, or one of both.

    `label` is None for a photo without label; `path` and `sha256` (hex of the file bytes) are None
    for a label without photo. `source` is the index of its source among those of the build: of
    photos with the same bytes, the first source's label stands.
    """

    label: Label | None
    path: str | None
    sha256: str | None
    source: int = 0

    @property
    def key(self) -> str:
        """Hash (64 hex characters) to shard by: of the photo's bytes, else of the label."""
        return self.sha256 or content_hash(self.as_dict()["label"])

    def content(self) -> dict[str, Any]:
        """What the item's results depend on, for cache keys: everything but where the file is."""
        return {name: value for name, value in self.as_dict().items() if name != "path"}

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, as tasks take it."""
        label = None if self.label is None else self.label.as_dict()
        return {"label": label, "path": self.path, "sha256": self.sha256, "source": self.source}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Item":
        """The item of a JSON form; KeyError where a value is missing."""
        label = None if values["label"] is None else Label.from_dict(values["label"])
        return cls(label, values["path"], values["sha256"], values["source"])
