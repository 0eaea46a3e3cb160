"""Keys and gateways for the tests of teachers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from joppo.data.teachers.ask import close_gateways
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.data.teachers.gateway import Gateway
from tests.data.teachers.support import GEMINI_KEY, OPENAI_KEY, Open


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Canary keys in the environment; gateways that a test opened are closed after it."""
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    monkeypatch.setenv("GEMINI_API_KEY", GEMINI_KEY)
    monkeypatch.delenv("JOPPO_JOURNAL", raising=False)
    yield
    close_gateways()


@pytest.fixture
def open_gateway(tmp_path: Path) -> Iterator[Open]:
    """Opens gateways on one journal."""
    opened = []

    def make(*providers: ProviderConfig, **values: object) -> Gateway:
        config = TeachersConfig(providers=providers, **values)
        opened.append(Gateway(config, tmp_path / "journal.sqlite"))
        return opened[-1]

    yield make
    for gateway in opened:
        gateway.close()
