"""Rubrics: the attributes that a judge scores. Another rubric is another YAML file.

    rubric: photography                 # one of the files in data/taxonomy/rubrics/
    rubric: rubrics/quality.yaml        # a file of your own, relative to the working directory
    rubric: my_package.rubrics:quality  # a Rubric that Python can import

A config keeps the *content* of a rubric that is not built in, never its path. Ids and cache keys
are therefore those of the content, and another process or machine needs no such file.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from joppo.data.config import StageConfig
from joppo.data.registry import Registry, UnknownPartError

RUBRICS = Path(__file__).parent / "rubrics"
DEFAULT = "photography"


def _one_line(text: str) -> str:
    """Prompts list an attribute a line."""
    return " ".join(text.split())


AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Description = Annotated[str, AfterValidator(_one_line), Field(min_length=1)]
# Pairs keep their order in JSON with sorted keys, which hashes are taken of.
Attributes = Annotated[
    dict[AttributeName, Description],
    BeforeValidator(lambda given: given if isinstance(given, Mapping) else dict(given)),
    PlainSerializer(lambda attributes: [list(pair) for pair in attributes.items()]),
]


Order = Literal["total_first", "attributes_first"]
"""Where the total of an answer stands: before the attributes, or after them, so that a judge, which
writes from left to right, gives it in sight of them."""


class Rubric(StageConfig):
    """Attribute name -> description, in answer order; attributes in [-1, 1], total in [0, 1]."""

    name: str
    """what configs and reports call the rubric"""
    attributes: Attributes
    """attribute -> its description, in the order of the answer"""

    order: Order = Field(default="total_first", exclude_if=lambda order: order == "total_first")
    """where the answer gives the total; a rubric of another order is another rubric, with prompts,
    answers and ids of its own"""

    @property
    def names(self) -> list[str]:
        """Names of the attributes, in answer order."""
        return list(self.attributes)


def built_in_rubrics() -> list[str]:
    """Names of the rubrics that come with the project, sorted."""
    return sorted(path.stem for path in RUBRICS.glob("*.yaml"))


def load_rubric(rubric: str | Rubric = DEFAULT) -> Rubric:
    """The rubric of a name, of a YAML file's path, or of `package.module:name`.

    Args:
        rubric: relative paths are relative to the working directory; a Rubric is returned as it is.

    Raises:
        FileNotFoundError: no file of that path.
        UnknownPartError: no such rubric; the message lists those there are.
        ValidationError: the file or object does not describe a rubric.
    """
    if isinstance(rubric, Rubric):
        return rubric
    if rubric in built_in_rubrics():
        return _built_in(rubric)
    if Path(rubric).suffix in (".yaml", ".yml"):
        return _read(Path(rubric))
    return Rubric.model_validate(_imported(rubric))


@cache
def _built_in(name: str) -> Rubric:
    return _read(RUBRICS / f"{name}.yaml")


def _read(path: Path) -> Rubric:
    return Rubric.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def _imported(rubric: str) -> Any:
    if ":" not in rubric:
        raise UnknownPartError(
            f"no rubric {rubric!r}; there are: {', '.join(built_in_rubrics())}, or the path of a "
            "YAML file, or your own as package.module:name"
        )
    return Registry[Any]("rubric", dict.fromkeys(built_in_rubrics(), "")).get(rubric)


def _content(rubric: Any) -> Any:
    """What a config keeps: the name of a built-in rubric, the content of any other."""
    if not isinstance(rubric, str) or rubric in built_in_rubrics():
        return rubric
    try:
        return load_rubric(rubric)
    except FileNotFoundError as error:
        raise ValueError(f"no rubric file {rubric} in {Path.cwd()}") from error


RubricChoice = Annotated[str | Rubric, BeforeValidator(_content)]
"""The rubric of a config, as `load_rubric` takes it."""
