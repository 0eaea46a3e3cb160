"""A local server that speaks OpenAI's chat completions and Gemini's REST, and fails on purpose.

    with LLMServer(Faults(latency_s=0.3, rate_429=0.03)) as server:
        server.openai_url, server.gemini_url      # base_url of the teacher's config
    python tests/mocks/llm_servers.py '{"latency_s": 0.3}'   # in a process of its own, for timing

A request is known by the first word `item-...` in its text, else by its body's hash. What happens
to its n-th arrival depends on seed, item and n alone, not on the order of arrival. The answer is
the one that the prompt states ("The right answer is ..."), else C.
"""

import asyncio
import hashlib
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from aiohttp import web

Script = Callable[[str, int], str | None]
ANSWERED = ("ok", "malformed_text", "refusal", "length")


@dataclass(frozen=True)
class Faults:
    """Seconds of an answer, and the share of requests that meet each fault instead."""

    latency_s: float = 0.01
    rate_429: float = 0.0
    rate_500: float = 0.0
    malformed: float = 0.0
    hang: float = 0.0
    reset: float = 0.0
    retry_after_ms: int = 50
    hang_s: float = 60.0
    seed: int = 0
    poison: str = ""
    """an item that is always answered by 500"""

    def outcome(self, item: str, nth: int) -> str:
        if item == self.poison:
            return "500"
        digest = hashlib.sha256(f"{self.seed} {item} {nth}".encode()).digest()
        at = int.from_bytes(digest[:8], "big") / 2**64
        for name in ("rate_429", "rate_500", "malformed", "hang", "reset"):
            if at < (share := getattr(self, name)):
                if name == "malformed":
                    return "malformed_text" if digest[8] % 2 else "malformed_body"
                return name.removeprefix("rate_")
            at -= share
        return "ok"


class LLMServer:
    """`script(item, nth)` may choose an outcome; None leaves it to the faults.

    Outcomes: ok, malformed_text, malformed_body, hang, reset, quota, refusal, length, or an HTTP
    status such as 429, 500 or 404. With `echo`, every error and header repeats the caller's key.
    `models` are those that `/v1/models` lists.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        script: Script | None = None,
        echo: bool = False,
        models: Sequence[str] = (),
    ) -> None:
        self.models = list(models)
        self.faults, self.script, self.echo = faults or Faults(), script, echo
        self.log: list[tuple[str, int, str]] = []
        self.bodies: list[str] = []
        self.keys: set[str] = set()
        self.in_flight = self.peak = 0
        self._nth: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def openai_url(self) -> str:
        return f"{self.gemini_url}/v1"

    @property
    def gemini_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def outcomes(self) -> Counter[str]:
        """How often each outcome was given."""
        return Counter(outcome for _, _, outcome in self.log)

    @property
    def answered(self) -> Counter[str]:
        """Item -> answers in good form that were sent: above 1, something was paid twice."""
        return Counter(item for item, _, outcome in self.log if outcome == "ok")

    def __enter__(self) -> "LLMServer":
        self._thread.start()
        self._started.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_post("/v1beta/models/{name}", self._gemini)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/stats", self._stats)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self._started.set()

    async def _list_models(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization", "").removeprefix("Bearer "))
        listed = [{"id": name, "object": "model", "created": 0} for name in self.models]
        return web.json_response({"object": "list", "data": listed})

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response({"log": self.log, "peak": self.peak})

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return await self._answer(request, key, _openai_answer, _openai_error)

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("x-goog-api-key", "") or request.query.get("key", "")
        return await self._answer(request, key, _gemini_answer, _gemini_error)

    async def _answer(
        self, request: web.Request, key: str, answer: Callable, error: Callable
    ) -> web.StreamResponse:
        self.keys.add(key)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            body = (await request.read()).decode()
            return await self._decide(request, body, key, answer, error)
        finally:
            self.in_flight -= 1

    async def _decide(
        self, request: web.Request, body: str, key: str, answer: Callable, error: Callable
    ) -> web.StreamResponse:
        found = re.search(r"item-\w+", body)
        item = found[0] if found else hashlib.sha256(body.encode()).hexdigest()[:16]
        nth = self._nth[item]
        self._nth[item] += 1
        self.bodies.append(body if len(self.bodies) < 200 else "")
        chosen = self.script(item, nth) if self.script else None
        outcome = chosen or self.faults.outcome(item, nth)
        headers = {"x-echo": key} if self.echo else {}
        detail = f" for key {key}" if self.echo else ""
        quick = outcome.isdigit() or outcome == "quota"
        if not quick and outcome not in ("hang", "reset"):
            await asyncio.sleep(self.faults.latency_s)
        self.log.append((item, nth, outcome))
        if outcome == "hang":
            await asyncio.sleep(self.faults.hang_s)
        if outcome in ("hang", "reset"):
            request.transport.abort()
            return web.Response()
        if quick:
            if outcome == "429":
                headers["retry-after-ms"] = str(self.faults.retry_after_ms)
                headers["Retry-After"] = str(self.faults.retry_after_ms / 1000)
            status = 429 if outcome == "quota" else int(outcome)
            code = "insufficient_quota" if outcome == "quota" else "injected"
            payload = error(status, f"injected {outcome}{detail}", code)
            return web.json_response(payload, status=status, headers=headers)
        if outcome == "malformed_body":
            return web.Response(
                text='{"id": "x", "choices": [{"mess', content_type="application/json"
            )
        return web.json_response(answer(body, item, outcome, detail), headers=headers)


_TRUTH = re.compile(r"The right answer is (.*?)(?: \([^()]*\))?\.\\n")


def _text(body: str, item: str, outcome: str, detail: str) -> str:
    if outcome == "malformed_text":
        return "I would say the answer is C." + detail
    if outcome == "length":
        return "<think>The horizon divides the"
    found = _TRUTH.search(body)
    answer = found[1] if found else "C"
    return f"<think>The lines of {item} meet left of the middle.</think><answer>{answer}</answer>"


def _openai_answer(body: str, item: str, outcome: str, detail: str) -> dict:
    refused = outcome == "refusal"
    message = {
        "role": "assistant",
        "content": None if refused else _text(body, item, outcome, detail),
        "refusal": "I cannot help with that." if refused else None,
    }
    finish = "length" if outcome == "length" else "stop"
    return {
        "id": "mock",
        "object": "chat.completion",
        "created": 0,
        "model": json.loads(body)["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 60, "total_tokens": 460},
    }


def _openai_error(status: int, message: str, code: str) -> dict:
    return {"error": {"message": message, "type": "injected", "code": code, "param": None}}


def _gemini_answer(body: str, item: str, outcome: str, detail: str) -> dict:
    usage = {"promptTokenCount": 400, "candidatesTokenCount": 60, "totalTokenCount": 470}
    if outcome == "refusal":
        return {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage}
    content = {"role": "model", "parts": [{"text": _text(body, item, outcome, detail)}]}
    finish = "MAX_TOKENS" if outcome == "length" else "STOP"
    return {
        "candidates": [{"index": 0, "content": content, "finishReason": finish}],
        "usageMetadata": usage,
    }


def _gemini_error(status: int, message: str, code: str) -> dict:
    states = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED"}
    return {"error": {"code": status, "message": message, "status": states.get(status, "INTERNAL")}}


if __name__ == "__main__":
    chosen = Faults(**json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"))
    with LLMServer(chosen) as running:
        print(json.dumps({"port": running.port, **asdict(chosen)}), flush=True)
        sys.stdin.read()  # until the parent closes the pipe
