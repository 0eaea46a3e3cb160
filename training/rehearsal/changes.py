"""What a rehearsal changes in the configs of a profile, key by key, with the reason of each."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Reason = Literal["place", "size", "tiny", "offline", "machine"]
REASONS: dict[Reason, str] = {
    "place": "where data lies on this machine",
    "size": "a rehearsal is small",
    "tiny": "tiny models of the same classes",
    "offline": "no teacher or judge is asked over a network",
    "machine": "this machine has no such thing",
}
MISSING = "(default)"


@dataclass(frozen=True)
class Change:
    """One value of a config that the rehearsal replaces."""

    key: str
    """dotted path of the key in its file"""
    now: Any
    """the new value, JSON-able"""
    why: Reason


@dataclass(frozen=True)
class Listed:
    """A change as people read it."""

    file: str
    key: str
    was: str
    now: str
    why: str


def applied(values: dict[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """The values of a config with the changes made; mappings on the way are made where missing."""
    result = copy.deepcopy(values)
    for change in changes:
        *path, last = change.key.split(".")
        place = result
        for name in path:
            if not isinstance(place.get(name), dict):
                place[name] = {}
            place = place[name]
        place[last] = change.now
    return result


def listed(file: str, values: dict[str, Any], changes: Iterable[Change]) -> list[Listed]:
    """The changes of a file, each with the value that stood there before; equal ones are left out.

    Args:
        values: of the config as it is written, before the changes.
    """
    return [
        Listed(file, change.key, shown(was), shown(change.now), REASONS[change.why])
        for change in changes
        if (was := _lookup(values, change.key)) != change.now
    ]


def shown(value: Any) -> str:
    """A value in one short line."""
    text = "none" if value is None else str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


_WIDTH = 60


def _lookup(values: dict[str, Any], key: str) -> Any:
    place: Any = values
    for name in key.split("."):
        if not isinstance(place, dict) or name not in place:
            return MISSING
        place = place[name]
    return place
