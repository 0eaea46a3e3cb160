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
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from joppo.data.photos.decode import PhotoError
from joppo.data.teachers.base import (
    BudgetExceeded,
    ProviderDown,
    Status,
    Stopped,
    Teacher,
    TeacherAnswer,
    TeacherRequest,
    missing,
)
from joppo.data.teachers.budget import Budget
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.data.teachers.images import reduce_photos
from joppo.data.teachers.journal import Entry, Journal, combine
from joppo.data.teachers.provider_client import ProviderClient, ProviderUnavailable
from joppo.data.teachers.providers import make_teacher
from joppo.data.teachers.reply_form import repair_prompt, reply_problem
from joppo.data.teachers.waiting import Notify, Waiting, log_waiting

# Returns None for a usable answer, else one sentence about what is wrong with it.
Validate = Callable[[TeacherRequest, str], str | None]
_BATCH = 256
# Seconds that requests on their way get when asking is stopped: what they bring has been paid for.
_GRACE_S = 1.0
_CLOSE_S = 30.0
_Asked = tuple[TeacherRequest, "Future[TeacherAnswer]"]
_Done = queue.SimpleQueue["_Asked | Waiting"]


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
        self._callers: set[_Done] = set()
        self._stops = 0
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
            provider.name: ProviderClient(provider, make(provider), notify=self._notify)
            for provider in self.config.providers
        }

    @property
    def window(self) -> int:
        """Most requests in flight: enough to keep every slot busy, however many there are."""
        return 2 * sum(provider.concurrency for provider in self.config.providers)

    def ask_many(
        self,
        requests: Iterable[TeacherRequest],
        validate: Validate = reply_problem,
        *,
        keep_going: bool = False,
        on_waiting: Notify = log_waiting,
    ) -> Iterator[tuple[TeacherRequest, TeacherAnswer]]:
        """Answers in the order of completion; memory does not grow with their number.

        Args:
            validate: returns None for a usable text, else what is wrong with it.
            keep_going: whether the questions to a teacher that is down, and those beyond the
                budget, come back as `missing`, so that all others are asked.
            on_waiting: called in the caller's thread when a teacher is waited for.

        Raises:
            BudgetExceeded, ProviderDown: unless `keep_going`; after all that was in flight has been
                written and handed out.
            AccessError: in the same way, whatever `keep_going` is.
            Stopped: `stop` was called.
            KeyError, ValueError: a request is for a model that the config does not have, or
                lacks its params.
        """
        done: _Done = queue.SimpleQueue()
        self._callers.add(done)
        try:
            yield from self._ask_many(_Call(iter(requests), validate, keep_going, done), on_waiting)
        finally:
            self._callers.discard(done)

    def _ask_many(
        self, call: "_Call", on_waiting: Notify
    ) -> Iterator[tuple[TeacherRequest, TeacherAnswer]]:
        stops, in_flight = self._stops, 0
        failure: BaseException | None = None
        unsure: list[tuple[TeacherRequest, TeacherAnswer]] = []
        while True:
            if self._stops > stops:
                failure = Stopped("asking was stopped; every answer so far is in the journal")
            room = self.window - in_flight
            batch = list(islice(call.requests, min(room, _BATCH))) if failure is None else []
            for request, written in self._look_up(batch, call.validate):
                if written is not None:
                    yield request, written
                elif answer := self._unaffordable(request, call):
                    yield request, answer
                else:
                    in_flight += 1
                    self._submit(request, call.validate, call.done)
            if not in_flight and not batch:
                break
            if batch:
                continue
            item = call.done.get()
            if isinstance(item, Waiting):
                on_waiting(item)
                continue
            request, future = item
            in_flight -= 1
            answer, error = self._result(request, future, call)
            failure = failure or error
            if answer is None:
                continue
            if answer.finish_reason == "bad_request" and answer.status == "missing":
                unsure.append((request, answer))
            else:
                yield request, answer
            if unsure and self._client_of(unsure[0][0]).has_answered:
                yield from self._decided(unsure)
                unsure = []
        yield from self._decided(unsure)
        if failure is not None:
            raise failure

    def _result(
        self, request: TeacherRequest, future: "Future[TeacherAnswer]", call: "_Call"
    ) -> tuple[TeacherAnswer | None, BaseException | None]:
        """The answer of a finished request, or the error that ends the call."""
        if future.cancelled():
            return None, Stopped("asking was stopped; every answer so far is in the journal")
        error = future.exception()
        if error is None:
            return future.result(), None
        if not call.keep_going or not isinstance(error, BudgetExceeded | ProviderDown):
            return None, error
        if isinstance(error, BudgetExceeded):
            call.budget = error
        return _missing(request, error), None

    def _unaffordable(self, request: TeacherRequest, call: "_Call") -> TeacherAnswer | None:
        """The missing answer to a request that costs something, once the budget is used up."""
        if call.budget is None or self._client_of(request).most_usd(request, 1) == 0:
            return None
        return _missing(request, call.budget)

    def _decided(
        self, unsure: list[tuple[TeacherRequest, TeacherAnswer]]
    ) -> Iterator[tuple[TeacherRequest, TeacherAnswer]]:
        """Requests that were called bad: by a provider that answers others, they are.

        Before it has ever answered, it may be the whole config that the provider cannot use.
        """
        for request, answer in unsure:
            client = self._client_of(request)
            answers = client.has_answered or self.journal.has_answer(
                client.config.provider, client.config.model
            )
            if not answers:
                answer = replace(answer, finish_reason="bad_request_unconfirmed")
            yield request, replace(answer, status="failed") if answers else answer

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
        work = self._ask_once(request, validate, self._stops)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.add_done_callback(lambda finished: done.put((request, finished)))

    async def _ask_once(
        self, request: TeacherRequest, validate: Validate, stops: int
    ) -> TeacherAnswer:
        """Two shards that ask the same thing at the same time share one question."""
        if self._stops > stops:  # between submission and now
            raise Stopped("asking was stopped")
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
            return to_entry(await client.ask(prepared, most, keep, has_fallback=has_fallback))
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

    def _notify(self, waiting: Waiting) -> None:
        """Tell every caller, in its own thread."""
        for caller in list(self._callers):
            caller.put(waiting)

    def stop(self) -> None:
        """End all calls of `ask_many` by `Stopped`; returns after about a second.

        Nothing more is sent. Requests on their way get that time, and their answers are written.
        Calls that begin later are answered again.
        """
        self._stops += 1
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=_CLOSE_S)

    async def _stop(self) -> None:
        clients = list(self.clients.values())
        for client in clients:
            client.stopping = True
        sending = {task for client in clients for task in client.sending}
        for task in self._running.values():
            if task not in sending:
                task.cancel()
        if sending:
            await asyncio.wait(sending, timeout=_GRACE_S)
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self.journal.flush()
        for client in clients:
            client.stopping = False

    def close(self) -> None:
        """Stop, then close connections and journal."""

        async def shut() -> None:
            await self._stop()
            for client in self.clients.values():
                await client.close()

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result(timeout=_CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=_CLOSE_S)
        self._photos.shutdown(wait=False, cancel_futures=True)
        self.journal.close()
        self._budget.close()


@dataclass(slots=True)
class _Call:
    """One call of `ask_many`."""

    requests: Iterator[TeacherRequest]
    validate: Validate
    keep_going: bool
    done: _Done
    budget: BudgetExceeded | None = None
    """set once the budget has been found used up"""


def _missing(request: TeacherRequest, error: BudgetExceeded | ProviderDown) -> TeacherAnswer:
    detail = f"{type(error).__name__}: {error}"
    return missing(error.reason, detail, provider=request.provider, model=request.model)


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
