"""Provider name -> class. A further provider is one more file and one more line here."""

from data.teachers.base import Teacher
from data.teachers.config import ProviderConfig
from data.teachers.secrets import read_key


def make_teacher(config: ProviderConfig) -> Teacher:
    """The client of a teacher that is asked over the network.

    Raises:
        AuthError: the environment variable of its key is empty.
    """
    if config.provider in ("openai", "openai-compatible"):
        from data.teachers.openai_teacher import OpenAITeacher

        return OpenAITeacher(config, read_key(config.key_env))
    if config.provider == "gemini":
        from data.teachers.gemini_teacher import GeminiTeacher

        return GeminiTeacher(config, read_key(config.key_env))
    raise ValueError(
        f"teacher {config.name}: provider {config.provider} is not asked over a network"
    )
