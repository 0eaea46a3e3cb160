"""Config of the teachers: which models, how fast, for how much. Keys are named, never stored."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from joppo.data.config import OPERATIONAL, PLACE, StageConfig
from joppo.data.teachers.providers import PROVIDERS, traits_of, version_params


class ImageTokens(BaseModel):
    """How a model bills a photo, in tokens.

    `tiles`: `base + each` per 512 px tile, after the short side is reduced to 768 px.
    `patches`: `base + each` per square of `size` px, at most `cap` squares.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rule: Literal["tiles", "patches"]
    """what a photo is cut into"""
    each: float = Field(gt=0)
    """tokens per tile or patch"""
    base: float = Field(default=0, ge=0)
    """tokens beside those of tiles or patches"""
    size: int = Field(default=512, gt=0)
    """side of a patch in pixels; unused for tiles"""
    cap: int | None = Field(default=None, gt=0)
    """most patches that count; None for no limit; unused for tiles"""


class Price(BaseModel):
    """US dollars per million tokens, and how photos count."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    input: float = Field(ge=0)
    """US dollars per million tokens of the prompt"""
    output: float = Field(ge=0)
    """US dollars per million tokens of the answer"""
    image: ImageTokens = ImageTokens(rule="patches", size=28, each=1)
    """how many tokens a photo counts as"""


class ProviderConfig(StageConfig):
    """One teacher: a model of a provider, and how it may be asked."""

    # A key pasted into a wrong field must not come back in the validation error.
    model_config = ConfigDict(hide_input_in_errors=True)

    name: str = Field(min_length=1)
    """what routes and messages call it"""
    provider: str
    """openai, openai-compatible, gemini, grounded, or `package.module:name` of a provider of your
    own (see `data.teachers.providers`)"""
    model: str = Field(min_length=1)
    """the provider's name of the model"""
    base_url: Annotated[str | None, PLACE] = None
    """address of the endpoint; needed for openai-compatible. The model's name, not the address of a
    server, says who answers"""
    api_key_env: Annotated[str | None, OPERATIONAL] = None
    """environment variable that holds the key; None for the provider's usual one"""
    requests_per_minute: Annotated[float | None, OPERATIONAL] = Field(default=None, gt=0)
    """rate limit; None for no limit"""
    tokens_per_minute: Annotated[float | None, OPERATIONAL] = Field(default=None, gt=0)
    """rate limit; None for no limit"""
    concurrency: Annotated[int, OPERATIONAL] = Field(default=16, ge=1, le=1024)
    """most requests in flight"""
    timeout_s: Annotated[float, OPERATIONAL] = Field(default=120.0, gt=0)
    """seconds after which one attempt is given up"""
    max_attempts: Annotated[int, OPERATIONAL] = Field(default=6, ge=1)
    """attempts that may fail before the answer is missing; an HTTP 429 does not count, nor what
    fails while the provider answers nobody does"""
    patience_s: Annotated[float, OPERATIONAL] = Field(default=900.0, gt=0)
    """seconds that a request waits for a provider that only answers 429 or is down; then its answer
    is missing, and a later run asks again"""
    backoff_s: Annotated[float, OPERATIONAL] = Field(default=0.5, gt=0)
    """longest wait in seconds after the first failure; doubled with each further one"""
    breaker_failures: Annotated[int, OPERATIONAL] = Field(default=10, ge=1)
    """different requests that fail in a row before the provider is left alone for a while; at most
    twice `concurrency`"""
    breaker_cooldown_s: Annotated[float, OPERATIONAL] = Field(default=15.0, gt=0)
    """length of the first such while, in seconds"""
    image_size: int = Field(default=768, ge=32)
    """photos are reduced to this many pixels on the long side"""
    jpeg_quality: int = Field(default=90, ge=1, le=100)
    """of the photos that are sent, 1 to 100"""
    max_tokens: int = Field(default=1024, ge=1)
    """longest answer"""
    temperature: float | None = Field(default=0.7, ge=0, le=2)
    """None for models that refuse one"""
    price: Annotated[Price | None, OPERATIONAL] = None
    """None for the price of `prices.yaml`; only the account and the budget depend on it"""
    fallback: tuple[str, ...] = ()
    """names of teachers that step in while this one is down, in this order"""

    @field_validator("provider")
    @classmethod
    def _exists(cls, value: str) -> str:
        # Without a colon it may be a key in a wrong field, which the message must not quote.
        if ":" not in value and value not in PROVIDERS.built_in:
            names = ", ".join(PROVIDERS.names)
            raise ValueError(f"no such provider; there are: {names}, or package.module:name")
        return PROVIDERS.check(value)

    @field_validator("api_key_env")
    @classmethod
    def _a_name_not_a_key(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", value):
            raise ValueError("name the environment variable that holds the key (A-Z, 0-9, _)")
        return value

    @field_validator("base_url")
    @classmethod
    def _no_credentials_in_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not re.fullmatch(r"https?://[^\s@?#]+", value):
            raise ValueError("base_url is http(s)://host[:port][/path], without user, query or key")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> "ProviderConfig":
        if traits_of(self.provider).needs_base_url and self.base_url is None:
            raise ValueError(f"teacher {self.name}: {self.provider} needs a base_url")
        return self

    @property
    def key_env(self) -> str | None:
        """Environment variable of the key; None where the endpoint asks for none."""
        return self.api_key_env or traits_of(self.provider).key_env

    def params(self) -> dict[str, Any]:
        """What changes the answer and is therefore part of the request id."""
        names = ("max_tokens", "temperature", "image_size", "jpeg_quality")
        return {name: getattr(self, name) for name in names} | version_params(self.provider)


class TeachersConfig(StageConfig):
    """All teachers of a run."""

    model_config = ConfigDict(hide_input_in_errors=True)

    providers: tuple[ProviderConfig, ...] = Field(min_length=1)
    """the teachers; their order has no meaning"""
    budget_usd: Annotated[float | None, OPERATIONAL] = Field(default=None, ge=0)
    """most that all answers of the journal may cost, in US dollars, over all runs that use it"""
    journal: Annotated[str | None, PLACE] = None
    """local file of paid answers; by default in the store (see `journal_path`)"""

    @model_validator(mode="after")
    def _consistent(self) -> "TeachersConfig":
        names = [p.name for p in self.providers]
        pairs = [(p.provider, p.model) for p in self.providers]
        for what, values in (("name", names), ("provider and model", pairs)):
            if len(set(values)) != len(values):
                raise ValueError(f"two teachers share one {what}: answers could not be told apart")
        for provider in self.providers:
            if unknown := set(provider.fallback) - set(names) - {provider.name}:
                raise ValueError(f"teacher {provider.name}: unknown fallback {sorted(unknown)}")
            if provider.name in provider.fallback:
                raise ValueError(f"teacher {provider.name} cannot be its own fallback")
        return self

    def by_name(self, name: str) -> ProviderConfig:
        """The teacher of that name.

        Raises:
            KeyError: there is none; the message lists those there are.
        """
        for provider in self.providers:
            if provider.name == name:
                return provider
        raise KeyError(f"no teacher {name!r}; known: {[p.name for p in self.providers]}")

    def recipe(self) -> dict[str, Any]:
        """The part that can change an answer, by teacher: their order has no meaning.

        A fallback changes who answers, and so does the version of a provider of one's own.
        """
        return {p.name: p.recipe() | version_params(p.provider) for p in self.providers}
