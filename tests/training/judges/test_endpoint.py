"""The endpoint judge over a socket: what a server may say, and what becomes of it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from joppo.data.photos.decode import PhotoError
from joppo.data.teachers.ask import close_gateways
from joppo.data.teachers.base import AccessError, BudgetExceeded
from joppo.training.judges.config import EndpointJudgeConfig
from joppo.training.judges.endpoint import EndpointJudge, describe
from joppo.training.judges.judge import Question
from joppo.training.judges.parse_reply import lasting
from tests.mocks import llm_servers
from tests.mocks.llm_servers import Faults, LLMServer
from tests.training.judges.asking import PROMPT, question, questions

ANSWER = (
    "Score: 0.70, composition: 0.10, color: -0.20, light: 0.30, depth_of_field: 0.00, content: 0.5"
)
GOOD = f"<think>Calm light.</think><answer>{ANSWER}</answer>"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-judge-1234567890")
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-canary-judge-1234567890")
    monkeypatch.delenv("JOPPO_JOURNAL", raising=False)
    yield
    close_gateways()


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the server answers to the n-th request about a photo; the last text for ever."""

    def set_texts(*texts: str) -> None:
        def text(body: str, item: str, outcome: str, detail: str) -> str:
            again = "could not be used" in body
            return texts[min(1 if again else 0, len(texts) - 1)]

        monkeypatch.setattr(llm_servers, "_text", text)

    set_texts(GOOD)
    return set_texts


def config_for(
    server: LLMServer, kind: str = "openai-compatible", **values: Any
) -> EndpointJudgeConfig:
    teacher = {
        "name": "judge",
        "provider": kind,
        "model": {"gemini": "gemini-2.5-flash", "openai": "gpt-4o"}.get(kind, "org/qwen-vl"),
        "base_url": server.gemini_url if kind == "gemini" else server.openai_url,
        "price": {"input": 2.5, "output": 10},
        "backoff_s": 0.01,
        "timeout_s": 10.0,
        "max_attempts": 2,
    }
    return EndpointJudgeConfig.model_validate({"kind": "endpoint", "teacher": teacher} | values)


@pytest.mark.parametrize("kind", ["openai-compatible", "openai", "gemini"])
def test_replies_come_in_order_and_are_paid_for_once(
    kind: str, says: Callable[..., None], tmp_path: Path
) -> None:
    asked = questions(5)
    with LLMServer(Faults(latency_s=0.02, rate_429=0.2, rate_500=0.1)) as server:
        judge = EndpointJudge(
            config_for(
                server,
                kind,
            ),
            str(tmp_path),
        )
        replies = list(judge.ask(iter([*asked, asked[0]])))
        sent = server.outcomes["ok"]
        assert list(judge.ask(asked)) == replies[:5] and server.outcomes["ok"] == sent == 5
    assert [reply.judgement.total for reply in replies] == [0.7] * 6
    assert replies[0].explanation == "Calm light." and replies[0].tries == 1
    assert replies[0].judgement.attributes == (0.1, -0.2, 0.3, 0.0, 0.5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"Sure! {GOOD} I hope this helps.", "malformed_blocks"),
        (GOOD.replace("0.70", "0,70"), "decimal_comma"),
        (GOOD.replace("0.70", "7"), "out_of_range"),
        (GOOD.replace("-0.20", "-1.2"), "out_of_range"),
        (GOOD.replace("0.70", "high"), "non_numeric"),
        (GOOD.replace(", light: 0.30", ""), "missing_name"),
        ("I would give it a solid 7 out of 10.", "missing_tag"),
    ],
)
def test_what_is_not_in_form_is_a_failure_and_never_a_guess(
    text: str, reason: str, says: Callable[..., None], tmp_path: Path
) -> None:
    says(text)
    with LLMServer() as server:
        (reply,) = EndpointJudge(config_for(server), str(tmp_path)).ask(questions(1))
    assert (reply.judgement.ok, reply.judgement.reason) == (False, reason)
    assert reply.tries == 2 and reply.raw_text == text


def test_the_second_try_is_stricter_and_may_succeed(
    says: Callable[..., None], tmp_path: Path
) -> None:
    says("Seven of ten.", GOOD)
    with LLMServer() as server:
        (reply,) = EndpointJudge(config_for(server), str(tmp_path)).ask(questions(1))
        assert "Seven of ten." in server.bodies[1] and "exactly this form" in server.bodies[1]
    assert reply.judgement.ok and reply.tries == 2


def test_refusals_bad_requests_and_silence_have_their_reasons(
    says: Callable[..., None], tmp_path: Path
) -> None:
    for outcome, reason in (
        ("refusal", "refused"),
        ("400", "bad_request_unconfirmed"),
        ("422", "unprocessable"),
        ("500", "server_error"),
    ):
        with LLMServer(script=lambda item, nth, outcome=outcome: outcome) as server:  # type: ignore[misc]
            judge = EndpointJudge(config_for(server), str(tmp_path / outcome))
            (reply,) = judge.ask(questions(1))
        assert (reply.judgement.reason, reply.judgement.ok) == (reason, False)
        assert reply.tries >= 1


def test_a_bad_request_among_answers_lasts_and_nothing_else_of_a_server_does(
    says: Callable[..., None], tmp_path: Path
) -> None:
    for outcome, lasts in (("400", True), ("413", False), ("422", False)):
        turned_down: list[str] = []

        def script(
            item: str, nth: int, outcome: str = outcome, first: list[str] = turned_down
        ) -> str:
            first.append(item)
            return outcome if item == first[0] else "ok"

        with LLMServer(script=script) as server:
            judge = EndpointJudge(config_for(server), str(tmp_path / outcome))
            replies = list(judge.ask(questions(3)))
        (bad,) = [reply for reply in replies if not reply.judgement.ok]
        assert lasting([bad]) == lasts


@pytest.mark.parametrize("outcome", ["402", "404"])
def test_a_wrong_address_stops_and_the_right_one_is_asked(
    outcome: str, says: Callable[..., None], tmp_path: Path
) -> None:
    with LLMServer(script=lambda item, nth: outcome) as wrong, LLMServer() as right:
        with pytest.raises(AccessError, match=f"HTTP {outcome}"):
            list(EndpointJudge(config_for(wrong), str(tmp_path)).ask(questions(3)))
        replies = list(EndpointJudge(config_for(right), str(tmp_path)).ask(questions(3)))
    assert all(reply.judgement.ok for reply in replies)


def test_a_photo_that_cannot_be_opened_is_not_sent(
    says: Callable[..., None], tmp_path: Path
) -> None:
    def broken() -> Any:
        raise PhotoError("truncated_image", "the file is cut")

    asked = questions(2)
    asked.insert(1, Question("0" * 64, broken, PROMPT, asked[0].form))
    with LLMServer() as server:
        replies = list(EndpointJudge(config_for(server), str(tmp_path)).ask(asked))
        assert len(server.log) == 2
    assert replies[1].judgement.reason == "truncated_image" and replies[1].tries == 0
    assert replies[0].judgement.ok and replies[2].judgement.ok


def test_samples_are_requests_of_their_own(says: Callable[..., None], tmp_path: Path) -> None:
    asked = questions(2)
    with LLMServer() as server:
        judge = EndpointJudge(config_for(server), str(tmp_path))
        drawn = list(judge.sample(asked, 3))
        assert [len(replies) for replies in drawn] == [3, 3] and len(server.log) == 6
        list(judge.ask(asked))
        heat = [json.loads(body)["temperature"] for body in server.bodies]
        assert heat == [1.0] * 6 + [0.0] * 2
        with pytest.raises(ValueError, match="at least one"):
            next(judge.sample(asked, 0))


def test_the_budget_stops_the_judge(says: Callable[..., None], tmp_path: Path) -> None:
    with LLMServer() as server:
        judge = EndpointJudge(config_for(server, budget_usd=0.0), str(tmp_path))
        with pytest.raises(BudgetExceeded, match="budget"):
            list(judge.ask(questions(2)))
        assert not server.log


def test_the_photo_is_sent_reduced_and_without_its_metadata(
    says: Callable[..., None], tmp_path: Path
) -> None:
    import base64
    import io
    import re

    from PIL import Image

    from tests.training.judges.asking import photo_bytes

    with LLMServer() as server:
        config = config_for(server)
        small = config.model_copy(
            update={"teacher": config.teacher.model_copy(update={"image_size": 64})}
        )
        list(EndpointJudge(small, str(tmp_path)).ask([question(photo_bytes(0, (200, 100)))]))
        (sent,) = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", server.bodies[0])
    assert Image.open(io.BytesIO(base64.b64decode(sent))).size == (64, 32)


def test_a_name_says_who_and_how(says: Callable[..., None]) -> None:
    with LLMServer() as server:
        plain = describe(config_for(server))
        assert plain.startswith("qwen-vl@")
        assert describe(config_for(server, budget_usd=3)) == plain
        assert describe(config_for(server, sample_temperature=0.5)) != plain
        assert describe(config_for(server, "openai")).startswith("gpt-4o@")


def test_the_offline_teacher_is_no_judge() -> None:
    teacher = {"name": "g", "provider": "grounded", "model": "g"}
    with pytest.raises(ValueError, match="cannot judge"):
        EndpointJudgeConfig.model_validate({"kind": "endpoint", "teacher": teacher})
