"""Providers: which kinds of teacher there are, what each of them needs, and how one is opened.

A provider is a callable `(ProviderConfig, key) -> Teacher`, usually the teacher's class, under a
built-in name or as `package.module:name`. What the project has to know before it asks is stated by
attributes of that callable, all of them optional (see `Traits`).
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from joppo.data.registry import Registry
from joppo.data.teachers.base import Teacher
from joppo.data.teachers.secrets import read_key

if TYPE_CHECKING:
    from joppo.data.teachers.config import Price, ProviderConfig


class Provider(Protocol):
    """Opens a teacher; `key` is a placeholder where the provider asks for none.

    A teacher of your own, in a config `provider: my_package.teachers:MyTeacher`:

        class MyTeacher:
            key_env = "MY_API_KEY"
            version = "2"

            def __init__(self, config: ProviderConfig, key: SecretStr) -> None:
                self.provider, self.model = config.provider, config.model

            async def ask(self, request: TeacherRequest) -> TeacherAnswer:
                ...
    """

    def __call__(self, config: "ProviderConfig", key: SecretStr) -> Teacher: ...


PROVIDERS: Registry[Provider] = Registry(
    "teacher provider",
    {
        "gemini": "joppo.data.teachers.gemini:GeminiTeacher",
        "grounded": "joppo.data.teachers.grounded.teacher:GroundedTeacher",
        "openai": "joppo.data.teachers.openai:OpenAITeacher",
        "openai-compatible": "joppo.data.teachers.openai:OpenAICompatibleTeacher",
    },
)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a provider states about itself by attributes of these names."""

    key_env: str | None = None
    """environment variable of its key, unless the config names another one; None for no key"""
    needs_base_url: bool = False
    """whether the config has to give the address of the endpoint"""
    offline: bool = False
    """whether it needs no network: its method `answer(request)` is called directly, without limits,
    budget or journal, and routes may name it without a section `teachers` in the config"""
    reads_label: bool = False
    """whether it answers from `request.context`, which holds the label: such a teacher cannot judge
    a photo"""
    price: "Price | None" = None
    """price of all its models, where neither the config nor the price table has one"""
    version: str | None = None
    """changes whenever its answers to the same request would: part of request ids and cache keys"""


@cache
def traits_of(provider: str) -> Traits:
    """What the provider of that name states about itself.

    Raises:
        UnknownPartError: there is no such provider.
    """
    opened: Any = PROVIDERS.get(provider)
    stated = {field.name: field for field in fields(Traits) if hasattr(opened, field.name)}
    return Traits(**{name: getattr(opened, name) for name in stated})


def version_params(provider: str) -> dict[str, str]:
    """The provider's version as a request parameter; empty where it states none."""
    version = traits_of(provider).version
    return {} if version is None else {"version": version}


def make_teacher(config: "ProviderConfig") -> Teacher:
    """Open the teacher of a config.

    Raises:
        AuthError: the environment variable of its key is empty.
    """
    return PROVIDERS.get(config.provider)(config, read_key(config.key_env))
