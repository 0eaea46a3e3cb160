"""The gateway against a real socket, with the real openai and google-generativeai packages."""

import importlib.util
import io
from pathlib import Path

import pytest
from PIL import Image

from data.teachers.base import ImageRef, TeacherRequest, make_request
from data.teachers.config import Price, ProviderConfig, TeachersConfig
from data.teachers.gateway import Gateway

_spec = importlib.util.spec_from_file_location(
    "llm_servers", Path(__file__).parents[2] / "mocks" / "llm_servers.py"
)
assert _spec is not None and _spec.loader is not None
mocks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(mocks)


def jpeg(color: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (96, 64), (color % 256, 90, 30)).save(out, "JPEG")
    return out.getvalue()


PHOTO = ImageRef.of(jpeg())


def provider(server, kind: str = "openai", **values) -> ProviderConfig:
    base_url = server.gemini_url if kind == "gemini" else server.openai_url
    defaults = {
        "name": kind,
        "provider": kind,
        "model": {"openai": "gpt-4o", "gemini": "gemini-2.5-flash"}.get(kind, "qwen"),
        "base_url": base_url,
        "price": Price(input=2.5, output=10),
        "concurrency": 8,
        "timeout_s": 1.0,
        "backoff_s": 0.01,
        "breaker_cooldown_s": 0.05,
    }
    return ProviderConfig(**(defaults | values))


def request_for(config: ProviderConfig, n: int, text: str = "what is it?") -> TeacherRequest:
    return make_request(
        provider=config.provider,
        model=config.model,
        template_id="t",
        system="You are a photographer.",
        prompt=f"item-{n:05d}: {text}",
        images=(PHOTO,),
        params=config.params(),
    )


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-openai-1234567890")
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-canary-gemini-1234567890")


@pytest.fixture
def open_gateway(tmp_path):
    opened = []

    def make(*providers: ProviderConfig, **values) -> Gateway:
        config = TeachersConfig(providers=providers, **values)
        opened.append(Gateway(config, tmp_path / "journal.sqlite"))
        return opened[-1]

    yield make
    for gateway in opened:
        gateway.close()


@pytest.mark.parametrize("kind", ["openai", "openai-compatible", "gemini"])
def test_answer_is_read_priced_and_never_paid_twice(kind, open_gateway):
    with mocks.LLMServer() as server:
        config = provider(server, kind)
        gateway = open_gateway(config)
        requests = [request_for(config, n) for n in range(20)]
        first = {r.request_id: a for r, a in gateway.ask_many(requests)}
        again = {r.request_id: a for r, a in gateway.ask_many(requests)}
        assert first == again
        assert len(server.log) == 20
    answer = first[requests[7].request_id]
    assert answer.status == "ok"
    assert "item-00007" in answer.raw_text
    thinking = 10 if kind == "gemini" else 0
    assert (answer.prompt_tokens, answer.completion_tokens) == (400, 60 + thinking)
    assert answer.cost_usd == pytest.approx((400 * 2.5 + (60 + thinking) * 10) / 1e6)
    assert (answer.provider, answer.model) == (config.provider, config.model)


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_every_fault_is_survived_and_every_row_accounted_for(kind, open_gateway):
    faults = mocks.Faults(
        rate_429=0.1, rate_500=0.1, malformed=0.1, hang=0.01, reset=0.05, retry_after_ms=5
    )
    with mocks.LLMServer(faults) as server:
        config = provider(server, kind, timeout_s=0.5, max_attempts=12)
        gateway = open_gateway(config)
        requests = [request_for(config, n) for n in range(150)]
        answers = list(gateway.ask_many(requests))
        assert set(server.outcomes) >= {"429", "500", "malformed_text", "malformed_body", "reset"}
        assert server.peak <= config.concurrency
        assert max(server.answered.values()) == 1
    assert {r.request_id for r, _ in answers} == {r.request_id for r in requests}
    assert len(answers) == 150
    assert {a.status for _, a in answers} <= {"ok", "invalid"}
    assert sum(a.status == "ok" for _, a in answers) >= 145
