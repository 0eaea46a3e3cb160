"""API keys: read from the environment, wrapped, and removed from all that a provider returns.

A flow that keeps keys in Prefect Secret blocks sets the environment variable from the block; the
key itself is never a parameter, a config value or part of a result.
"""

import os
from urllib.parse import quote

from pydantic import SecretStr

from joppo.data.teachers.base import AuthError

MASK = "[key removed]"
_seen: set[str] = set()


def read_key(env: str | None) -> SecretStr:
    """The key in environment variable `env`; a placeholder where no key is needed.

    Raises:
        AuthError: the variable is unset or empty. The message names it.
    """
    if env is None:
        return SecretStr("none")
    value = os.environ.get(env, "").strip()
    if not value:
        raise AuthError(
            f"environment variable {env} is empty: set it to the provider's API key "
            "(or let the flow fill it from a Prefect Secret block)"
        )
    _seen.update((value, quote(value, safe="")))
    return SecretStr(value)


def scrub(text: str, limit: int | None = None) -> str:
    """The text without any key that this process has read; then at most `limit` characters.

    Scrubbing comes before cutting, so that no half of a key survives at the end.
    """
    for key in sorted(_seen, key=len, reverse=True):
        text = text.replace(key, MASK)
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
