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
from joppo.training.models.about import About, find_about

_SHORT = 8
_CUSTOM = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class LocalJudgeConfig(StageConfig):
    """A model on this machine.

    The judge's name is a hash of its weights and of all that shapes the replies (`recipe`).
    """

    kind: Literal["local"] = "local"
    """a model on this machine"""
    model: Annotated[str, PLACE] = EMBEDDED
    """a model folder (base and adapter, or whole), a hub id that is on this machine, `embedded` for
    the base judge in this repository, or `latest-sft` or `latest-joppo` for the one that a training
    finished last in the store"""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """most tokens of a reply; None for the number that the judge was trained with, else 512 (160
    for the embedded base)"""
    max_pixels: int | None = Field(default=None, ge=28 * 28)
    """photos are scaled down to this many pixels; None for the number that the judge was trained
    with, else the processor's own limit. A trained judge takes no other number than its own"""
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
    """A model behind an API: a judge of ours on a server (`joppo serve`), GPT, Gemini or another.

    With `model`, the address of the server is enough:

        judge: {kind: endpoint, model: runs/joppo-…/model, teacher: {base_url: http://host:8000/v1}}
    """

    kind: Literal["endpoint"]
    """a model behind an endpoint"""
    model: Annotated[str | None, PLACE] = None
    """the model folder of the judge that is served there; it says how photos and prompts have to
    look, and under which name the server has to offer it. None for a model that was not trained
    here"""
    teacher: ProviderConfig
    """the model, its limits and price; temperature 0 where it is not stated, null for models that
    refuse one. With `model`, name, provider, price and length of answers may be left out as well"""
    sample_temperature: float = Field(default=1.0, gt=0, le=2)
    """of drawn answers (`samples`), unless the temperature is null"""
    budget_usd: Annotated[float | None, OPERATIONAL] = Field(default=None, ge=0)
    """what the journal's answers may cost in all"""
    journal: Annotated[str | None, PLACE] = None
    """a local file; by default beside the store"""

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, values: Any) -> Any:
        """Greedy answers; and of a judge of ours what its model folder says."""
        teacher = values.get("teacher") if isinstance(values, dict) else None
        if not isinstance(teacher, dict):
            return values
        model = values.get("model")
        own = _served_values(trained_here(model)) if isinstance(model, str) else {}
        return {**values, "teacher": {"temperature": 0.0, **own, **teacher}}

    @model_validator(mode="after")
    def _online(self) -> "EndpointJudgeConfig":
        if traits_of(self.teacher.provider).reads_label:
            raise ValueError(f"teacher {self.teacher.name} reads labels: it cannot judge a photo")
        return self

    @model_validator(mode="after")
    def _the_judge_that_is_served(self) -> "EndpointJudgeConfig":
        if self.model is None:
            return self
        expected = trained_here(self.model).served_name
        if self.teacher.model != expected:
            raise ValueError(
                f"the config asks the server for {self.teacher.model}, and the judge in "
                f"{self.model} is served as {expected}: leave teacher.model out"
            )
        return self

    @property
    def about(self) -> About | None:
        """What the judge that is served knows about itself; None where `model` is None."""
        return None if self.model is None else trained_here(self.model)

    @property
    def label(self) -> str:
        """What tables call the judge."""
        return self.teacher.name


def trained_here(model: str) -> About:
    """What a judge that was trained here knows about itself.

    Raises:
        ValueError: it was not, so there is nothing to serve it by.
    """
    about = find_about(model)
    if about is None:
        raise ValueError(
            f"no run.json in {model}: name the folder `model` of a training run, or what "
            "`python -m joppo.training.models merge` wrote"
        )
    return about


def _served_values(about: About) -> dict[str, Any]:
    """What a config need not say of a judge of ours behind a server."""
    return {
        "name": about.run,
        "provider": "openai-compatible",
        "model": about.served_name,
        "max_tokens": about.max_new_tokens,
        "price": {"input": 0, "output": 0},
    }


def endpoint_values(
    base_url: str,
    model: str | None = None,
    key_env: str | None = None,
    folder: str | None = None,
    **teacher: Any,
) -> dict[str, Any]:
    """The config of a judge behind an OpenAI-compatible server, as `EndpointJudgeConfig` reads it.

    Args:
        model: the name under which the server offers it; not needed with `folder`.
        key_env: environment variable that holds the server's key; None for a server without.
        folder: model folder of the judge of ours that is served there.
        teacher: further fields of `ProviderConfig`; the price is 0 where none is given.
    """
    plain = {
        "name": "endpoint",
        "provider": "openai-compatible",
        "price": {"input": 0, "output": 0},
    }
    values = {} if folder is not None else plain
    named = {} if model is None else {"model": model}
    address = {"base_url": base_url, "api_key_env": key_env}
    return {"kind": "endpoint", "model": folder, "teacher": values | named | address | teacher}


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
