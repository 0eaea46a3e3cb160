"""Reading configs: a YAML file or its values, with overrides, checked before anything runs."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from joppo.data.config import StageConfig

C = TypeVar("C", bound=StageConfig)
NO_CONFIG = "no such config; a clone of the repository has those of all profiles in configs/"


class ConfigError(ValueError):
    """A config cannot be used; the message names file, key and problem."""


def load_config(
    kind: type[C], config: C | str | Path, overrides: dict[str, Any] | None = None
) -> C:
    """The config of a YAML file, or the one given; `overrides` (nested) replace single values.

    Raises:
        ConfigError: the file is missing, is not YAML, or has an unknown key or a wrong value.
    """
    if isinstance(config, kind):
        if not overrides:
            return config
        # What was left out stays out: an override may choose another kind of a nested section.
        values = config.model_dump(mode="json", exclude_unset=True)
        return validated(kind, merged(values, overrides), "overrides")
    file = find_config(config)
    values = read_values(file, NO_CONFIG)
    return validated(kind, merged(values, overrides or {}), file)


def find_config(path: str | Path) -> Path:
    """The file of that name; where there is none, the one of the package.

    An installed package has the embedded profile (`configs/embedded/`), so that its commands run in
    any folder. The other profiles name datasets and keys of their user: copy them from the
    repository.
    """
    file = Path(path)
    packaged = Path(str(files("joppo"))) / file
    return packaged if not file.exists() and packaged.is_file() else file


def read_values(file: Path, missing: str) -> dict[str, Any]:
    """The keys of a YAML file, unchecked.

    Args:
        missing: the error's text if there is no such file.

    Raises:
        ConfigError: the file is missing, or is not YAML with keys.
    """
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ConfigError(f"{file}: {missing}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: a config is a mapping of keys, not a {type(values).__name__}")
    return values


def validated(kind: type[C], values: dict[str, Any], where: str | Path) -> C:
    """The config that these values make.

    Args:
        where: what the values come from, for the error's text.

    Raises:
        ConfigError: an unknown key or a wrong value.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_problems(error)}") from None


def merged(
    values: dict[str, Any],
    overrides: dict[str, Any],
    is_whole: Callable[[dict[str, Any]], bool] = lambda mapping: False,
) -> dict[str, Any]:
    """`values` with those of `overrides`: mappings are merged, everything else is replaced.

    Args:
        is_whole: mappings that are replaced as well, because their keys belong together.
    """
    result = dict(values)
    for key, new in overrides.items():
        old = result.get(key)
        merge = isinstance(old, dict) and isinstance(new, dict) and not is_whole(old)
        result[key] = merged(old, new, is_whole) if merge else new
    return result


def _problems(error: ValidationError) -> str:
    """Where and what, without the input: a key pasted into a wrong field must not be shown."""
    found = [(".".join(map(str, e["loc"])) or "config", e["msg"]) for e in error.errors()]
    return "; ".join(f"{key}: {message}" for key, message in found)
