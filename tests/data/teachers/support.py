"""Requests and configs for the local server."""

import io
from collections.abc import Callable

from PIL import Image

from joppo.data.teachers.base import ImageRef, TeacherRequest, make_request
from joppo.data.teachers.config import Price, ProviderConfig
from joppo.data.teachers.gateway import Gateway
from tests.mocks.llm_servers import LLMServer

Open = Callable[..., Gateway]
OPENAI_KEY = "sk-canary-openai-1234567890"
GEMINI_KEY = "AIza-canary-gemini-1234567890"


def jpeg(color: int = 0, **save: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (96, 64), (color % 256, 90, 30)).save(out, "JPEG", **save)
    return out.getvalue()


PHOTO = ImageRef.of(jpeg())
MODELS = {"openai": "gpt-4o", "gemini": "gemini-2.5-flash", "openai-compatible": "qwen"}


def provider(server: LLMServer, kind: str = "openai", **values: object) -> ProviderConfig:
    defaults = {
        "name": kind,
        "provider": kind,
        "model": MODELS[kind],
        "base_url": server.gemini_url if kind == "gemini" else server.openai_url,
        "price": Price(input=2.5, output=10),
        "concurrency": 8,
        "timeout_s": 10.0,
        "backoff_s": 0.01,
        "breaker_cooldown_s": 0.05,
    }
    return ProviderConfig(**(defaults | values))


def request_for(
    config: ProviderConfig, n: int, text: str = "what is it?", photo: ImageRef = PHOTO
) -> TeacherRequest:
    return make_request(
        provider=config.provider,
        model=config.model,
        template_id="t",
        system="You are a photographer.",
        prompt=f"item-{n:05d}: {text}",
        images=(photo,),
        params=config.params(),
    )


def requests_for(config: ProviderConfig, count: int, text: str = "what?") -> list[TeacherRequest]:
    return [request_for(config, n, text) for n in range(count)]


def only(server_answer: str) -> Callable[[str, int], str]:
    return lambda item, nth: server_answer
