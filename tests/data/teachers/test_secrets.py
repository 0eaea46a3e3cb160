"""Canary keys against servers that repeat the key in every error, header and text."""

import logging
import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from joppo.data.teachers.ask import make_ask
from joppo.data.teachers.base import AuthError, TeacherError
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.data.teachers.dry_run import write_dry_run
from joppo.data.teachers.gateway import Gateway
from joppo.data.teachers.secrets import MASK, read_key, scrub
from tests.data.teachers.support import GEMINI_KEY, OPENAI_KEY, provider, requests_for
from tests.mocks.llm_servers import Faults, LLMServer

KEYS = {"openai": OPENAI_KEY, "gemini": GEMINI_KEY}


@pytest.fixture
def everything_logged(tmp_path: Path):
    """All loggers at DEBUG, the clients' own included, into one file."""
    root = logging.getLogger()
    handler = logging.FileHandler(tmp_path / "debug.log")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield tmp_path / "debug.log"
    root.setLevel(before)
    root.removeHandler(handler)
    handler.close()


def assert_nowhere(secret: str, folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_no_key_in_anything_written(
    kind: str, tmp_path: Path, everything_logged: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    faults = Faults(rate_429=0.1, rate_500=0.1, malformed=0.3, reset=0.05, retry_after_ms=5)

    def script(item: str, nth: int) -> str | None:
        return {"item-00001": "400", "item-00002": "500"}.get(item)

    with LLMServer(faults, script, echo=True) as server:
        config = provider(server, kind, max_attempts=3)
        teachers = TeachersConfig(providers=(config,))
        requests = requests_for(config, 40)
        answers = make_ask(teachers, str(tmp_path / "store"))(requests)
        (tmp_path / "answers.txt").write_text(repr(answers) + repr(teachers) + repr(config))
        (tmp_path / "config.json").write_text(teachers.model_dump_json())
        write_dry_run(requests, tmp_path / "dry")
        assert server.keys == {KEYS[kind]}
    logging.getLogger("test").info("%r", answers)
    assert any(MASK in answer.detail for answer in answers)
    assert {"invalid", "failed"} & {answer.status for answer in answers}
    assert_nowhere(KEYS[kind], tmp_path)
    out, err = capfd.readouterr()
    assert KEYS[kind] not in out + err


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_no_key_in_the_error_that_stops_a_run(kind: str, tmp_path: Path) -> None:
    with LLMServer(script=lambda item, nth: "401", echo=True) as server:
        config = provider(server, kind)
        ask = make_ask(TeachersConfig(providers=(config,)), str(tmp_path))
        with pytest.raises(AuthError) as caught:
            ask(requests_for(config, 3))
    text = "".join(traceback.format_exception(caught.value))
    assert MASK in text
    assert KEYS[kind] not in text


@pytest.mark.parametrize("field", ["api_key_env", "base_url"])
def test_a_key_in_the_wrong_field_is_refused_without_being_repeated(field: str) -> None:
    pasted = {"api_key_env": OPENAI_KEY, "base_url": f"https://user:{OPENAI_KEY}@host/v1"}[field]
    with pytest.raises(ValidationError) as caught:
        ProviderConfig(name="a", provider="openai", model="gpt-4o", **{field: pasted})
    assert OPENAI_KEY not in str(caught.value)


def test_an_unforeseen_error_is_scrubbed_too(tmp_path: Path) -> None:
    class Leaky:
        provider, model = "openai", "gpt-4o"

        async def ask(self, request: object) -> None:
            raise RuntimeError(
                f"headers were Bearer {read_key('OPENAI_API_KEY').get_secret_value()}"
            )

    with LLMServer() as server:
        config = provider(server)
        teachers = TeachersConfig(providers=(config,))
        gateway = Gateway(teachers, tmp_path / "j.sqlite", make=lambda _: Leaky())
        with pytest.raises(TeacherError) as caught:
            list(gateway.ask_many(requests_for(config, 1)))
        gateway.close()
    assert OPENAI_KEY not in "".join(traceback.format_exception(caught.value))


def test_scrubbing_comes_before_cutting() -> None:
    read_key("OPENAI_API_KEY")
    assert scrub(f"x {OPENAI_KEY} y") == f"x {MASK} y"
    assert OPENAI_KEY[:8] not in scrub("a" * 20 + OPENAI_KEY, 30)
    assert repr(read_key("OPENAI_API_KEY")) == "SecretStr('**********')"
