"""The gateway: one thread and one event loop per process through which all teachers are asked.

Shards run in many threads; clients, limits and circuit breakers exist once per provider. A shard
hands its requests over and gets answers: from the journal where they were paid for before, else
from the provider, and then they are written to the journal before they are returned.

    gateway = Gateway(config, journal_path)
    for request, answer in gateway.ask_many(requests, validate): ...
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

from joppo.data.photos.decode import PhotoError
from joppo.data.teachers.base import (
    Status,
    Teacher,
    TeacherAnswer,
    TeacherRequest,
)
from joppo.data.teachers.budget import Budget
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.data.teachers.images import reduce_photos
from joppo.data.teachers.journal import Entry, Journal, combine
from joppo.data.teachers.provider_client import ProviderClient, ProviderUnavailable
from joppo.data.teachers.providers import make_teacher
from joppo.data.teachers.reply_form import repair_prompt, reply_problem

# Returns None for a usable answer, else one sentence about what is wrong with it.
Validate = Callable[[TeacherRequest, str], str | None]
# Other failures may be overcome by a later run: they are not written to the journal.
_LASTING = {"bad_request"}
_BATCH = 256
_Done = queue.SimpleQueue[tuple[TeacherRequest, "Future[TeacherAnswer]"]]


class Gateway:
    """Asks each request once at a time, and never again once its answer is written.

    Args:
        config: the teachers, their limits and their budget.
        journal_path: local file of the answers that were paid for.
        make: opens a teacher; replaced in tests.
    """

    def __init__(
        self,
        config: TeachersConfig,
        journal_path: str | Path,
        make: Callable[[ProviderConfig], Teacher] = make_teacher,
    ) -> None:
        self.config = config
        self.journal = Journal(journal_path)
        # Few: more would only take turns with the loop.
        self._photos = ThreadPoolExecutor(2, "photos")
        self._budget = Budget(config.budget_usd, self.journal)
        self._loop = asyncio.new_event_loop()
        self._running: dict[str, asyncio.Task[TeacherAnswer]] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="teachers", daemon=True)
        self._thread.start()
        self.clients: dict[str, ProviderClient] = asyncio.run_coroutine_threadsafe(
            self._open(make), self._loop
        ).result()
        self._by_model: dict[tuple[str, str], ProviderClient] = {
            (p.provider, p.model): self.clients[p.name] for p in config.providers
        }

    async def _open(self, make: Callable[[ProviderConfig], Teacher]) -> dict[str, ProviderClient]:
        return {
            provider.name: ProviderClient(provider, make(provider))
            for provider in self.config.providers
        }

    @property
    def window(self) -> int:
        """Most requests in flight: enough to keep every slot busy, however many there are."""
        return 2 * sum(provider.concurrency for provider in self.config.providers)

    def ask_many(
        self, requests: Iterable[TeacherRequest], validate: Validate = reply_problem
    ) -> Iterator[tuple[TeacherRequest, TeacherAnswer]]:
        """Answers in the order of completion; memory does not grow with their number.

        Raises:
            BudgetExceeded, AuthError, ProviderDown: after all that was in flight has been written
                and handed out.
            KeyError, ValueError: a request is for a model that the config does not have, or
                lacks its params.
        """
        done: _Done = queue.SimpleQueue()
        source, in_flight = iter(requests), 0
        failure: BaseException | None = None
        while True:
            room = self.window - in_flight
            batch = list(islice(source, min(room, _BATCH))) if failure is None else []
            for request, written in self._look_up(batch, validate):
                if written is not None:
                    yield request, written
                    continue
                in_flight += 1
                self._submit(request, validate, done)
            if not in_flight and not batch:
                break
            if not batch:
                request, future = done.get()
                in_flight -= 1
                if (error := future.exception()) is not None:
                    failure = failure or error
                else:
                    yield request, future.result()
        if failure is not None:
            raise failure

    def _look_up(
        self, requests: list[TeacherRequest], validate: Validate
    ) -> Iterator[tuple[TeacherRequest, TeacherAnswer | None]]:
        """Each request with its finished answer, or None where it has to be asked."""
        written = self.journal.get(request.request_id for request in requests)
        for request in requests:
            entries = written.get(request.request_id)
            final = entries is not None and entries[-1].final
            yield request, _combined(request, entries or [], validate) if final else None

    def _submit(self, request: TeacherRequest, validate: Validate, done: "_Done") -> None:
        work = self._ask_once(request, validate)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.add_done_callback(lambda finished: done.put((request, finished)))

    async def _ask_once(self, request: TeacherRequest, validate: Validate) -> TeacherAnswer:
        """Two shards that ask the same thing at the same time share one question."""
        task = self._running.get(request.request_id)
        if task is None:
            task = asyncio.ensure_future(self._ask(request, validate))
            self._running[request.request_id] = task
            task.add_done_callback(lambda _: self._running.pop(request.request_id, None))
        return await asyncio.shield(task)

    async def _ask(self, request: TeacherRequest, validate: Validate) -> TeacherAnswer:
        """The steps that this request has not taken yet: first answer, repair."""
        # Read here, in the loop: another shard may have finished it since the look-up.
        taken = self.journal.get([request.request_id]).get(request.request_id, [])
        if not taken:
            taken.append(await self._step(request, 0, validate))
        first = _combined(request, taken, validate)
        if first.status == "invalid" and not taken[-1].final:
            prompt = repair_prompt(request.prompt, first.raw_text, first.detail)
            taken.append(await self._step(replace(request, prompt=prompt), 1, validate))
        return _combined(request, taken, validate)

    async def _step(self, request: TeacherRequest, step: int, validate: Validate) -> Entry:
        """One answer from the teacher, or while it is down from the first fallback that is not."""
        client = self._client_of(request)
        config = client.config
        for name in (config.name, *config.fallback) if config.fallback else ():
            try:
                return await self._step_at(self.clients[name], request, step, validate, True)
            except ProviderUnavailable:
                continue
        return await self._step_at(client, request, step, validate, False)

    async def _step_at(
        self,
        client: ProviderClient,
        request: TeacherRequest,
        step: int,
        validate: Validate,
        has_fallback: bool,
    ) -> Entry:
        if client is not self._client_of(request):
            config = client.config
            request = replace(
                request, provider=config.provider, model=config.model, params=config.params()
            )
        try:
            prepared = await self._loop.run_in_executor(self._photos, reduce_photos, request)
        except PhotoError as error:
            answer = TeacherAnswer("failed", error.reason, "", attempts=0, detail=error.detail)
            return Entry(request.request_id, step, True, answer)
        most = client.most_prompt_tokens(prepared)
        ticket = await self._budget.reserve(client.most_usd(prepared, most))

        def to_entry(answer: TeacherAnswer) -> Entry:
            answer = _validated(request, answer, validate)
            return Entry(request.request_id, step, step > 0 or answer.status != "invalid", answer)

        async def keep(answer: TeacherAnswer) -> None:
            entry = to_entry(answer)
            await self.journal.put(request, step, entry.final, entry.answer)

        try:
            answer = await client.ask(prepared, most, keep, has_fallback=has_fallback)
            if answer.status == "failed" and answer.finish_reason in _LASTING:
                await keep(answer)
            return to_entry(answer)
        finally:
            self._budget.release(ticket)

    def _client_of(self, request: TeacherRequest) -> ProviderClient:
        client = self._by_model.get((request.provider, request.model))
        if client is None:
            configured = ", ".join(f"{provider} {model}" for provider, model in self._by_model)
            raise KeyError(
                f"no teacher for {request.provider} {request.model}; the config has: {configured}"
            )
        if missing := set(client.config.params()) - set(request.params):
            raise ValueError(
                f"a request to {request.model} lacks the params {sorted(missing)}: take them from "
                "ProviderConfig.params(), so that its id covers what shapes the answer"
            )
        return client

    def close(self) -> None:
        """Close connections and journal. What is still in flight is lost (and asked again)."""

        async def shut() -> None:
            for task in list(self._running.values()):
                task.cancel()
            for client in self.clients.values():
                await client.close()

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._photos.shutdown(wait=False, cancel_futures=True)
        self.journal.close()
        self._budget.close()


def _combined(request: TeacherRequest, entries: list[Entry], validate: Validate) -> TeacherAnswer:
    """All steps as one answer, checked again: a check may have changed since it was written."""
    return _validated(request, combine([entry.answer for entry in entries]), validate)


def _validated(request: TeacherRequest, answer: TeacherAnswer, validate: Validate) -> TeacherAnswer:
    if answer.status not in ("ok", "invalid"):
        return answer
    error = validate(request, answer.raw_text) or ""
    status: Status = "invalid" if error else "ok"
    if (status, error) == (answer.status, answer.detail):
        return answer
    return replace(answer, status=status, detail=error)
