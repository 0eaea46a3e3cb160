"""What a request costs: price table, tokens of a prompt and of a photo.

Two estimates: `expected_tokens` for plans (about 4 characters of English per token) and
`most_tokens` for the budget (a byte-level BPE token covers at least one byte, so the number of
UTF-8 bytes is a true upper bound).
"""

import math
from functools import cache
from importlib.resources import files

import yaml

from joppo.data.teachers.config import ImageTokens, Price, ProviderConfig
from joppo.data.teachers.providers import traits_of

CHARS_PER_TOKEN = 4.0
# Roles, separators and the like that a chat format adds to each request.
OVERHEAD_TOKENS = 32
FREE = Price(input=0, output=0)


class UnknownPriceError(ValueError):
    """The model is in no price table."""


@cache
def price_table() -> dict[str, dict[str, Price]]:
    """`prices.yaml` as provider -> model -> price."""
    raw = yaml.safe_load((files("joppo.data.teachers") / "prices.yaml").read_text())
    return {
        provider: {model: Price.model_validate(price) for model, price in models.items()}
        for provider, models in raw.items()
    }


def price_of(config: ProviderConfig) -> Price:
    """The price of a teacher: the config's own, else the table's, else the provider's.

    Raises:
        UnknownPriceError: none of them states one.
    """
    listed = price_table().get(config.provider, {})
    price = config.price or listed.get(config.model) or traits_of(config.provider).price
    if price is not None:
        return price
    raise UnknownPriceError(
        f"teacher {config.name}: no price for {config.provider} model {config.model!r} "
        f"(the table has: {', '.join(sorted(listed)) or 'none for this provider'}); give "
        "`price: {input: ..., output: ...}` in US dollars per million tokens in its config"
    )


def cost_usd(price: Price, prompt_tokens: float, completion_tokens: float) -> float:
    """US dollars of that many tokens."""
    return (prompt_tokens * price.input + completion_tokens * price.output) / 1e6


def image_tokens(rule: ImageTokens, width: int, height: int) -> int:
    """Tokens billed for a photo of that size in pixels."""
    if rule.rule == "tiles":
        scale = min(1.0, 768 / min(width, height))
        width, height = round(width * scale), round(height * scale)
    squares = math.ceil(width / rule.size) * math.ceil(height / rule.size)
    squares = squares if rule.cap is None else min(squares, rule.cap)
    return math.ceil(rule.base + rule.each * squares)


def expected_tokens(text_chars: float, photo_tokens: float) -> float:
    """Prompt tokens to expect of English text and photos."""
    return text_chars / CHARS_PER_TOKEN + photo_tokens + OVERHEAD_TOKENS


def most_tokens(texts: tuple[str | None, ...], photo_tokens: int) -> int:
    """An upper bound on the prompt tokens of these texts and photos."""
    size = sum(len(text.encode()) for text in texts if text)
    return size + photo_tokens + OVERHEAD_TOKENS
