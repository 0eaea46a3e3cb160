"""The base of every stage config: typed, frozen, unknown keys forbidden."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from joppo.data.store.hashing import content_hash


class StageConfig(BaseModel):
    """A config of one stage. Its hash is part of the cache key of all that the stage makes.

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

    def hash(self) -> str:
        """Content hash of the values (64 hex characters)."""
        return content_hash(self.as_dict())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        definition = handler.resolve_ref_schema(schema)
        definition["properties"] = unions_as_any_of(definition.get("properties", {}))
        return schema


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
