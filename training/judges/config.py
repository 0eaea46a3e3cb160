"""Configs of judges: a model that runs here, or one that is asked over the network."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from joppo.data.config import StageConfig
from joppo.data.teachers.config import ProviderConfig
from joppo.training.config import EMBEDDED


class LocalJudgeConfig(StageConfig):
    """A model on this machine.

    All but `batch` and `threads` shape the replies and are part of the judge's name.
    """

    kind: Literal["local"] = "local"
    model: str = EMBEDDED
    """a model folder (base and adapter, or whole), a hub id that is on this machine, or `embedded`
    for the base judge in this repository"""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """most tokens of a reply; None for the number that the judge was trained with, else 512 (160
    for the embedded base)"""
    max_pixels: int | None = Field(default=None, ge=28 * 28)
    """photos are scaled down to this many pixels; None keeps the processor's own limit"""
    temperature: float = Field(default=1.0, gt=0)
    """of drawn answers (`samples`); the one answer is greedy"""
    device: str = "auto"
    """auto takes a GPU where there is one"""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto is bfloat16 on a GPU and float32 on a CPU"""
    rows: int = Field(default=32, ge=1)
    """replies of one forward pass: a reply has the same bits beside any others, but another number
    of rows may take other kernels"""
    batch: int | None = Field(default=None, ge=1)
    """replies at work at a time; None for `rows`"""
    threads: int = Field(default=1, ge=1)
    """threads that open and read photos while replies are written"""


class EndpointJudgeConfig(StageConfig):
    """A model that is asked over the network: an OpenAI-compatible server, GPT or Gemini."""

    kind: Literal["endpoint"]
    teacher: ProviderConfig
    """the model, its limits and price; temperature 0 where it is not stated, null for models that
    refuse one"""
    sample_temperature: float = Field(default=1.0, gt=0, le=2)
    """of drawn answers (`samples`), unless the temperature is null"""
    budget_usd: float | None = Field(default=None, ge=0)
    """what the journal's answers may cost in all"""
    journal: str | None = None
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
        if self.teacher.provider == "grounded":
            raise ValueError("the grounded teacher reads labels: it cannot judge a photo")
        return self


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


JudgeConfig = Annotated[LocalJudgeConfig | EndpointJudgeConfig, Field(discriminator="kind")]
