"""API keys from Prefect Secret blocks, for teachers whose key is not in the environment.

The block of variable OPENAI_API_KEY is called `openai-api-key`. A key goes from the block into this
process's environment and nowhere else: it is no parameter, no result, no part of a cache key.
"""

import os

from prefect.blocks.system import Secret

from joppo.data.teachers.config import TeachersConfig


def block_name(variable: str) -> str:
    """Block names have lower-case letters, digits and dashes."""
    return variable.lower().replace("_", "-")


def fill_keys(teachers: TeachersConfig) -> None:
    """Set the environment variables of missing keys; one without a block stays unset.

    The teacher itself then reports which variable is missing.
    """
    names = {provider.key_env for provider in teachers.providers}
    for variable in sorted(name for name in names if name and not os.environ.get(name)):
        try:
            os.environ[variable] = str(Secret.load(block_name(variable)).get())
        except ValueError:  # there is no such block
            continue
