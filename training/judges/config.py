"""Configs of judges: a model on this machine, one behind an API, or anybody's own judge."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from joppo.data.config import OPERATIONAL, PLACE, StageConfig
from joppo.data.store.hashing import content_hash
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.providers import traits_of
from joppo.training.config import EMBEDDED
from joppo.training.judges.registry import JUDGES

_SHORT = 8
_CUSTOM = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class LocalJudgeConfig(StageConfig):
    """A model on this machine.

    The judge's name is a hash of its weights and of all that shapes the replies (`recipe`).
    """

    kind: Literal["local"] = "local"
    """a model on this machine"""
    model: Annotated[str, PLACE] = EMBEDDED
    """a model folder (base and adapter, or whole), a hub id that is on this machine, or `embedded`
    for the base judge in this repository"""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """most tokens of a reply; None for the number that the judge was trained with, else 512 (160
    for the embedded base)"""
    max_pixels: int | None = Field(default=None, ge=28 * 28)
    """photos are scaled down to this many pixels; None keeps the processor's own limit"""
    temperature: float = Field(default=1.0, gt=0)
    """of drawn answers (`samples`); the one answer is greedy"""
    device: Annotated[str, OPERATIONAL] = "auto"
    """auto takes a GPU where there is one"""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto is bfloat16 on a GPU and float32 on a CPU"""
    rows: int = Field(default=32, ge=1)
    """replies of one forward pass: a reply has the same bits beside any others; another number of
    rows may take other kernels, by which a close choice of a word can turn out differently"""
    batch: Annotated[int | None, OPERATIONAL] = Field(default=None, ge=1)
    """replies at work at a time; None for `rows`"""
    threads: Annotated[int, OPERATIONAL] = Field(default=1, ge=1)
    """threads that open and read photos while replies are written"""

    @property
    def label(self) -> str:
        """What tables call the judge."""
        return self.model


class EndpointJudgeConfig(StageConfig):
    """A model behind an API: an OpenAI-compatible server, GPT or Gemini."""

    kind: Literal["endpoint"]
    """a model behind an endpoint"""
    teacher: ProviderConfig
    """the model, its limits and price; temperature 0 where it is not stated, null for models that
    refuse one"""
    sample_temperature: float = Field(default=1.0, gt=0, le=2)
    """of drawn answers (`samples`), unless the temperature is null"""
    budget_usd: Annotated[float | None, OPERATIONAL] = Field(default=None, ge=0)
    """what the journal's answers may cost in all"""
    journal: Annotated[str | None, PLACE] = None
    """a local file; by default beside the store"""

    @model_validator(mode="before")
    @classmethod
    def _greedy(cls, values: Any) -> Any:
        teacher = values.get("teacher") if isinstance(values, dict) else None
        if isinstance(teacher, dict):
            return {**values, "teacher": {"temperature": 0.0, **teacher}}
        return values

    @model_validator(mode="after")
    def _online(self) -> "EndpointJudgeConfig":
        if traits_of(self.teacher.provider).reads_label:
            raise ValueError(f"teacher {self.teacher.name} reads labels: it cannot judge a photo")
        return self

    @property
    def label(self) -> str:
        """What tables call the judge."""
        return self.teacher.name


def endpoint_values(
    base_url: str, model: str, key_env: str | None = None, **teacher: Any
) -> dict[str, Any]:
    """The config of a judge behind an OpenAI-compatible server, as `EndpointJudgeConfig` reads it.

    Args:
        key_env: environment variable that holds the server's key; None for a server without.
        teacher: further fields of `ProviderConfig`; the price is 0 where none is given.
    """
    values = {
        "name": "endpoint",
        "provider": "openai-compatible",
        "base_url": base_url,
        "model": model,
        "api_key_env": key_env,
        "price": {"input": 0, "output": 0},
    }
    return {"kind": "endpoint", "teacher": values | teacher}


class CustomJudgeConfig(StageConfig):
    """A judge from outside this package, named by `package.module:name`.

    The name leads to a class of judges: see `JudgeKind` for what it has to offer.
    """

    kind: str
    """`package.module:name` of the class; it is looked for in the working directory too"""
    options: dict[str, Any] = Field(default_factory=dict)
    """settings that only this kind of judge understands"""
    name: str | None = None
    """what tables call the judge; None for the name of its class"""

    @field_validator("kind")
    @classmethod
    def _importable(cls, kind: str) -> str:
        return JUDGES.check(kind)

    @property
    def label(self) -> str:
        """What tables call the judge."""
        return self.name or self.kind.rpartition(":")[2]

    @property
    def fingerprint(self) -> str:
        """Short hash (8 hex) of kind and options: a part of the judge's name."""
        return content_hash(self.kind, self.options)[:_SHORT]


def _tag(values: Any) -> str | None:
    """Which config class reads the values; a judge without a kind is a local one."""
    if isinstance(values, dict):
        kind = values.get("kind", "local")
    else:
        kind = getattr(values, "kind", None)
    if kind is None:
        return None
    return kind if kind in ("local", "endpoint") else "custom"


JudgeConfig = Annotated[
    Annotated[LocalJudgeConfig, Tag("local")]
    | Annotated[EndpointJudgeConfig, Tag("endpoint")]
    | Annotated[CustomJudgeConfig, Tag("custom")],
    Discriminator(_tag),
]


def is_custom(name: str) -> bool:
    """Whether a name is that of a custom judge, and not of a model."""
    return _CUSTOM.fullmatch(name) is not None and not Path(name).exists()


def named_judge_config(model: str, local: LocalJudgeConfig) -> JudgeConfig:
    """The config of a judge that is only named: `local` with another model, or a custom judge.

    Args:
        model: a model folder, a hub id, `embedded`, or `package.module:name` of a custom judge.

    Raises:
        pydantic.ValidationError: there is no such custom judge.
    """
    if is_custom(model):
        return CustomJudgeConfig(kind=model)
    return local.model_copy(update={"model": model})
