"""The base of every stage config: typed, frozen, unknown keys forbidden.

A field is one of two kinds, and its annotation says which:

    seed: int = 0                                         # recipe: shapes what comes out
    device: Annotated[str, OPERATIONAL] = "auto"          # how the work is done, not what comes out
    out: Annotated[str, PLACE] = "out"                    # operational too: where something is
    model: Annotated[str, ByContent(model_digest)] = ...  # recipe: the files count, not their path

Cache keys and ids of runs are hashes of `StageConfig.recipe()`. What changes results by more than
the rounding of floats is recipe; what only chooses kernels, speed, places or what is kept and shown
is operational.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from joppo.data.store.hashing import content_hash


@dataclass(frozen=True, slots=True)
class Operational:
    """Marks a config field that shapes how the work is done and not what comes out."""

    place: bool = False
    """whether the field says where something lies"""


OPERATIONAL: Final = Operational()
PLACE: Final = Operational(place=True)
"""Marks a path, or a name such as `latest` that leads to something. What is found there enters keys
and ids by its content, beside the recipe."""


@dataclass(frozen=True, slots=True)
class ByContent:
    """Marks a config field that names files: in the recipe stands `digest(value)`.

    `digest` returns something JSON-able that depends on the files' content and not on where they
    lie. What it raises, `recipe` and `hash` raise.
    """

    digest: Callable[[Any], Any]


class StageConfig(BaseModel):
    """A config of one stage. The hash of its recipe is part of the cache key of the stage's output.

    The docstring below a field is its description in the JSON schema, and so in forms.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
    )

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form: what a task takes as its argument."""
        return self.model_dump(mode="json")

    def recipe(self) -> dict[str, Any]:
        """JSON-able form of the values that shape what comes out: no operational field.

        Configs inside this one, in tuples and mappings too, give their own recipe.
        """
        return {
            name: self._recipe_of(name, dumped)
            for name, dumped in self.as_dict().items()
            if not is_operational(type(self), name)
        }

    def _recipe_of(self, name: str, dumped: Any) -> Any:
        value = getattr(self, name)
        for mark in type(self).model_fields[name].metadata:
            if isinstance(mark, ByContent):
                return mark.digest(value)
        return _nested_recipe(value, dumped)

    def operational(self) -> dict[str, Any]:
        """JSON-able form of the operational values that are no places."""
        fields = type(self).model_fields
        return {
            name: dumped
            for name, dumped in self.as_dict().items()
            if OPERATIONAL in fields[name].metadata
        }

    def hash(self) -> str:
        """Content hash of the recipe (64 hex characters)."""
        return content_hash(self.recipe())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        definition = handler.resolve_ref_schema(schema)
        definition["properties"] = unions_as_any_of(definition.get("properties", {}))
        return schema


def is_operational(kind: type[StageConfig], name: str) -> bool:
    """Whether a field of a config class is marked `OPERATIONAL` or `PLACE`."""
    return any(isinstance(mark, Operational) for mark in kind.model_fields[name].metadata)


def _nested_recipe(value: Any, dumped: Any) -> Any:
    """`dumped`, the JSON-able form of `value`, with each config inside replaced by its recipe."""
    if isinstance(value, StageConfig):
        return value.recipe()
    if isinstance(value, list | tuple) and isinstance(dumped, list):
        return [_nested_recipe(*pair) for pair in zip(value, dumped, strict=True)]
    if isinstance(value, dict) and isinstance(dumped, dict):
        pairs = zip(dumped.items(), value.values(), strict=True)
        return {key: _nested_recipe(inner, shown) for (key, shown), inner in pairs}
    return dumped


def unions_as_any_of(schema: Any) -> Any:
    """A JSON schema whose alternatives all stand under `anyOf`.

    Pydantic writes unions with a discriminator as `oneOf`, which the form of Prefect's UI leaves
    out. The alternatives exclude each other by their discriminator, so both mean the same.
    """
    if isinstance(schema, list):
        return [unions_as_any_of(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {key: unions_as_any_of(value) for key, value in schema.items()}
    if "oneOf" in converted:
        converted["anyOf"] = converted.pop("oneOf")
        converted.pop("discriminator", None)
    return converted
