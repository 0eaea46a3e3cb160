"""The base of every stage config: typed, frozen, unknown keys forbidden."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from joppo.data.store.hashing import content_hash


class StageConfig(BaseModel):
    """A config of one stage. Its hash is part of the cache key of all that the stage makes."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form: what a task takes as its argument."""
        return self.model_dump(mode="json")

    def hash(self) -> str:
        """Content hash of the values (64 hex characters)."""
        return content_hash(self.as_dict())
