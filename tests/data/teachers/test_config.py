"""Config, prices and request ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from joppo.data.teachers.base import ImageRef, make_request
from joppo.data.teachers.config import ImageTokens, Price, ProviderConfig, TeachersConfig
from joppo.data.teachers.pricing import (
    UnknownPriceError,
    cost_usd,
    image_tokens,
    most_tokens,
    price_of,
    price_table,
)

GPT = ProviderConfig(name="gpt", provider="openai", model="gpt-4o")
TILES = ImageTokens(rule="tiles", base=85, each=170)


def test_request_id_follows_what_shapes_the_answer_and_nothing_else() -> None:
    base = {
        "provider": "openai",
        "model": "gpt-4o",
        "template_id": "t",
        "prompt": "p",
        "system": "s",
        "images": (ImageRef.of(b"a"),),
        "params": GPT.params(),
    }
    first = make_request(**base).request_id
    for change in (
        {"provider": "gemini"},
        {"model": "gpt-4.1"},
        {"prompt": "p "},
        {"system": None},
        {"images": (ImageRef.of(b"b"),)},
        {"images": (ImageRef.of(b"a"), ImageRef.of(b"a"))},
        {"params": GPT.params() | {"temperature": 0.0}},
        {"params": GPT.params() | {"image_size": 512}},
    ):
        assert make_request(**(base | change)).request_id != first
    same = base | {"template_id": "other", "context": {"label": 1}, "image_id": "x"}
    assert make_request(**same).request_id == first


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"provider": "openai-compatible", "base_url": None}, "base_url"),
        ({"base_url": "localhost:8000"}, "base_url"),
        ({"api_key": "sk"}, "api_key"),
        ({"concurrency": 0}, "concurrency"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_bad_provider_is_refused(values: dict, what: str) -> None:
    defaults = {"name": "a", "provider": "openai", "model": "m"}
    with pytest.raises(ValidationError, match=what):
        ProviderConfig(**(defaults | values))


@pytest.mark.parametrize(
    ("providers", "what"),
    [
        ((), "at least 1"),
        ((GPT, GPT), "share one name"),
        ((GPT, GPT.model_copy(update={"name": "b"})), "share one provider and model"),
        ((GPT.model_copy(update={"fallback": ("nobody",)}),), "unknown fallback"),
        ((GPT.model_copy(update={"fallback": ("gpt",)}),), "its own fallback"),
    ],
)
def test_bad_set_of_teachers_is_refused(providers: tuple, what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        TeachersConfig(providers=providers)


def test_recipe_knows_what_changes_answers_and_not_how_fast_they_come() -> None:
    def recipe(**values: object) -> dict:
        return TeachersConfig(providers=(GPT.model_copy(update=values),)).recipe()

    assert recipe() == recipe(concurrency=64, requests_per_minute=10.0, timeout_s=5.0)
    assert recipe() != recipe(temperature=0.1)
    assert recipe() != recipe(model="gpt-4.1")


def test_own_price_wins_and_an_unknown_model_is_an_error() -> None:
    assert price_of(GPT) == price_table()["openai"]["gpt-4o"]
    own = Price(input=1, output=2)
    assert price_of(GPT.model_copy(update={"price": own})) == own
    with pytest.raises(UnknownPriceError, match=r"gpt-99.*gpt-4o.*price"):
        price_of(GPT.model_copy(update={"model": "gpt-99"}))
    assert cost_usd(own, 1_000_000, 500_000) == 2.0


def test_every_listed_price_is_positive() -> None:
    prices = [price for models in price_table().values() for price in models.values()]
    assert len(prices) >= 10
    assert all(0 < price.input < price.output for price in prices)


def test_photo_tokens_by_the_providers_published_examples() -> None:
    # platform.openai.com/docs/guides/images-vision: tiles and patches; ai.google.dev: 258 a tile.
    assert image_tokens(TILES, 1024, 1024) == 765
    assert image_tokens(TILES, 512, 512) == 255
    patches = ImageTokens(rule="patches", size=32, each=1.0, cap=1536)
    assert image_tokens(patches, 1024, 1024) == 1024
    assert image_tokens(patches, 4000, 4000) == 1536
    gemini = price_table()["gemini"]["gemini-2.5-flash"].image
    assert image_tokens(gemini, 384, 384) == 258
    assert image_tokens(gemini, 960, 540) == 516


@given(st.text(max_size=200), st.integers(0, 5000))
def test_bound_on_tokens_is_above_one_token_per_byte(text: str, photo: int) -> None:
    assert most_tokens((text, None), photo) >= len(text.encode()) + photo
