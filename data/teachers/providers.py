"""Provider name -> class. A further provider is one more file and one more line here."""

from joppo.data.teachers.base import Teacher
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.secrets import read_key


def make_teacher(config: ProviderConfig) -> Teacher:
    """The client of a teacher that is asked over the network.

    Raises:
        AuthError: the environment variable of its key is empty.
    """
    if config.provider in ("openai", "openai-compatible"):
        from joppo.data.teachers.openai import OpenAITeacher

        return OpenAITeacher(config, read_key(config.key_env))
    if config.provider == "gemini":
        from joppo.data.teachers.gemini import GeminiTeacher

        return GeminiTeacher(config, read_key(config.key_env))
    raise ValueError(
        f"teacher {config.name}: provider {config.provider} is not asked over a network"
    )
