"""Prefect's settings for commands that run outside a clone.

Prefect reads `prefect.toml` in the working directory. Where there is none, the project's own, which
the package brings, is used: without it an ephemeral server may miss Prefect's time limit on a busy
machine, and would send usage statistics.
"""

import os
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

FILE = "prefect.toml"


def set_defaults() -> None:
    """Put the project's settings into the environment, before Prefect is imported.

    A `prefect.toml` in the working directory and variables that are set already come first.
    """
    if Path(FILE).is_file():
        return
    settings = tomllib.loads((files("joppo") / FILE).read_text(encoding="utf-8"))
    for name, value in variables(settings):
        os.environ.setdefault(name, value)


def variables(settings: dict[str, Any], prefix: str = "PREFECT") -> Iterator[tuple[str, str]]:
    """Names and values of Prefect's environment variables for nested settings."""
    for key, value in settings.items():
        name = f"{prefix}_{key.upper()}"
        if isinstance(value, dict):
            yield from variables(value, name)
        else:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)
