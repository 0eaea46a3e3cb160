"""Rubrics: the attributes that a judge scores. Another rubric is another YAML file."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from joppo.data.config import StageConfig

RUBRICS = Path(__file__).parent / "rubrics"
AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Rubric(StageConfig):
    """Attribute name -> description, in answer order; attributes in [-1, 1], total in [0, 1]."""

    name: str
    attributes: dict[AttributeName, str]

    @property
    def names(self) -> list[str]:
        return list(self.attributes)


def load_rubric(name: str = "photography", folder: Path = RUBRICS) -> Rubric:
    """Read `<folder>/<name>.yaml`.

    Raises:
        FileNotFoundError: no such rubric; the message lists those there are.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(p.stem for p in folder.glob("*.yaml"))
        raise FileNotFoundError(f"no rubric {name!r} in {folder}; there are: {', '.join(known)}")
    return Rubric.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
