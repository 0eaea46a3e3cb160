"""The types of flow parameters: what Prefect validates, and what the form of its UI shows.

A config is given as its values or as the path of a YAML file with them:

    prefect deployment run train-sft -p config=configs/single-gpu/train-sft.yaml
    prefect deployment run train-sft -p 'config={"base": "embedded", "max_steps": 20}'
    prefect deployment run train-sft -p 'overrides={"max_steps": 20}'

Paths inside a config start from the folder of its YAML file. Values that are given directly have no
such folder: their paths start from the working directory.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Discriminator, Field, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from joppo.data.config import StageConfig, unions_as_any_of
from joppo.data.store.store import Store
from joppo.flows.config import find_config

C = TypeVar("C", bound=StageConfig)


@dataclass(frozen=True)
class _FormField:
    """The description of a parameter in the UI's form.

    Prefect replaces the description of a pydantic `Field` by that of the flow's docstring, also
    where this has none.
    """

    description: str

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return unions_as_any_of(handler(core_schema)) | {"description": self.description}


def _given_as(config: Any) -> str:
    """Which alternative a value is meant as, so that errors speak of this one only."""
    return "path" if isinstance(config, str | Path) else "values"


ConfigOrPath = Annotated[
    Annotated[C, Tag("values")] | Annotated[str, Tag("path"), Field(title="path of a YAML file")],
    Discriminator(_given_as),
    _FormField(
        "The values of the config, or the path of a YAML file with them. Paths inside a config "
        "start from the folder of its file, and from the working directory if there is no file."
    ),
]
StoreRoot = Annotated[
    str | None,
    _FormField("Root of the store, a folder or an fsspec URI; $JOPPO_STORE or ./store if empty."),
]
Overrides = Annotated[
    dict[str, Any] | None,
    _FormField("Single values in place of the config's: mappings are merged, the rest replaced."),
]


def folder_of(config: StageConfig | str | Path) -> Path:
    """The folder that relative paths in a config start from; see the module's docstring."""
    return Path() if isinstance(config, StageConfig) else find_config(config).parent


def open_store(root: str | None) -> Store:
    """The store at a root; by default that of `$JOPPO_STORE`, else `./store`."""
    return Store(root) if root else Store.from_env()
