"""Parts that a config names: the built-in ones, and anybody's own as `package.module:name`."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class UnknownPartError(ValueError):
    """A config names a part that is not there; the message lists those that are."""


class Registry(Generic[T]):
    """The parts of one kind by name. A part is imported when it is first asked for.

    Args:
        kind: what the parts are, for messages: "reader", "reward", ...
        built_in: name -> `package.module:name` of the parts that come with the project.
    """

    def __init__(self, kind: str, built_in: Mapping[str, str]) -> None:
        self.kind = kind
        self.built_in = dict(built_in)

    @property
    def names(self) -> list[str]:
        """Names of the built-in parts, sorted."""
        return sorted(self.built_in)

    def get(self, name: str) -> T:
        """The part of that name.

        Args:
            name: a built-in name, or `package.module:name` of an object that Python can import; the
                working directory is looked into last.

        Raises:
            UnknownPartError: there is no such part.
        """
        return cast(T, _load(self.built_in.get(name, name), self._unknown(name)))

    def check(self, name: str) -> str:
        """`name`, where it names a part: for the fields of configs.

        Raises:
            UnknownPartError: there is no such part.
        """
        if name not in self.built_in:
            self.get(name)
        return name

    def _unknown(self, name: str) -> str:
        known = ", ".join(self.names)
        return f"no {self.kind} {name!r}; there are: {known}, or your own as package.module:name"


def _load(place: str, unknown: str) -> object:
    module, colon, attribute = place.partition(":")
    if not (module and colon and attribute):
        raise UnknownPartError(unknown)
    try:
        with_working_directory()
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        # A module that the user's own module misses is the user's to know.
        raise UnknownPartError(f"{unknown} (cannot import {module}: {error})") from error
    except AttributeError as error:
        raise UnknownPartError(f"{unknown} ({module} has no {attribute})") from error


def with_working_directory() -> None:
    """Let the working directory be imported from, after everything that is installed."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
