"""Paths of a config as they stand on this machine."""

from pathlib import Path
from typing import Any

PREFIX = "../../datasets/"
"""where the configs of the repository look for datasets"""
_PATHS = ("labels", "images", "test_list")


def placed(values: Any, base: Path, datasets: str | None) -> Any:
    """The values with absolute paths of labels and photos, at any depth.

    Args:
        base: the folder that relative paths start from.
        datasets: the folder that stands for `../../datasets`; None leaves it there.
    """
    if isinstance(values, list):
        return [placed(one, base, datasets) for one in values]
    if not isinstance(values, dict):
        return values
    return {
        key: _path(value, base, datasets)
        if key in _PATHS and isinstance(value, str)
        else placed(value, base, datasets)
        for key, value in values.items()
    }


def _path(value: str, base: Path, datasets: str | None) -> str:
    if datasets is not None and value.startswith(PREFIX):
        return str(Path(datasets).absolute() / value.removeprefix(PREFIX))
    return str((base / value).resolve())
