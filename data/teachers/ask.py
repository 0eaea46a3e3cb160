"""How a shard asks its teachers: a list of requests in, a list of answers out.

    ask = make_ask(config, store.root)
    answers = ask(requests)          # same order; journaled answers cost nothing

Offline teachers are asked directly, all others through the process's one gateway.
"""

import atexit
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from joppo.data.teachers.base import BudgetExceeded, Stopped, TeacherAnswer, TeacherRequest
from joppo.data.teachers.config import TeachersConfig
from joppo.data.teachers.gateway import Gateway, Validate
from joppo.data.teachers.offline import ask_offline
from joppo.data.teachers.providers import traits_of
from joppo.data.teachers.reply_form import reply_problem
from joppo.data.teachers.waiting import Notify, log_waiting

Ask = Callable[[Sequence[TeacherRequest]], list[TeacherAnswer]]

JOURNAL_ENV = "JOPPO_JOURNAL"
_gateways: dict[tuple[int, str, str], Gateway] = {}
_opening = threading.Lock()
_stopped = threading.Event()


def journal_path(config: TeachersConfig, store_root: str) -> Path:
    """Path of the journal: config, else $JOPPO_JOURNAL, else `<store>/journal/teachers.sqlite`.

    Raises:
        ValueError: the store is remote and neither names a local file.
    """
    chosen = config.journal or os.environ.get(JOURNAL_ENV)
    if chosen:
        return Path(chosen)
    root = store_root.removeprefix("file://")
    if "://" in root:
        raise ValueError(
            f"the store {store_root} is remote and the journal needs a local disk: set "
            f"teachers.journal or {JOURNAL_ENV} to a file that outlives this machine's runs"
        )
    return Path(root) / "journal" / "teachers.sqlite"


def gateway_for(config: TeachersConfig, store_root: str) -> Gateway:
    """The process's gateway for this config and journal, opened on first use.

    Raises:
        AuthError: a key is missing. UnknownPriceError: a model has no price.
        Stopped: `stop_asking` was called, and `allow_asking` was not since.
    """
    path = journal_path(config, store_root).absolute()
    # Operational values too: another budget or address is another gateway.
    key = (os.getpid(), config.model_dump_json(), str(path))
    with _opening:
        if _stopped.is_set():
            raise Stopped("asking was stopped; every answer so far is in the journal")
        if key not in _gateways:
            _gateways[key] = Gateway(config, path)
        return _gateways[key]


def make_ask(
    config: TeachersConfig,
    store_root: str,
    validate: Validate = reply_problem,
    *,
    keep_going: bool = False,
    on_waiting: Notify = log_waiting,
) -> Ask:
    """A function that answers a shard's requests, in their order.

    Args:
        config: the teachers, their limits and their budget.
        store_root: the store, beside which the journal lies by default.
        validate: returns None for a usable text, else what is wrong with it. After an unusable
            answer the question is asked once more with that sentence; if the second answer is
            unusable too, its status is `invalid`.
        keep_going: whether answers that cannot be had at present are returned as `missing`.
        on_waiting: called when a teacher is waited for.

    The returned function raises AccessError where the run has to stop, and unless `keep_going`
    BudgetExceeded and ProviderDown; Stopped after `stop_asking`. What was answered until then is in
    the journal.
    """

    def ask(requests: Sequence[TeacherRequest]) -> list[TeacherAnswer]:
        offline = [r for r in requests if traits_of(r.provider).offline]
        found = ask_offline(offline, config.providers)
        answers = {r.request_id: answer for r, answer in zip(offline, found, strict=True)}
        online = {r.request_id: r for r in requests if not traits_of(r.provider).offline}
        if online:
            gateway = gateway_for(config, store_root)
            try:
                for request, answer in gateway.ask_many(
                    online.values(), validate, keep_going=keep_going, on_waiting=on_waiting
                ):
                    answers[request.request_id] = answer
            except BudgetExceeded as stop:
                left = sum(request_id not in answers for request_id in online)
                raise BudgetExceeded.at(stop.spent_usd, stop.budget_usd, left) from None
        return [answers[request.request_id] for request in requests]

    return ask


def stop_asking() -> None:
    """End all asking of this process by `Stopped`, within about a second, and let none begin.

    For whoever handles SIGTERM or Ctrl-C: a shard's thread that waits for answers gets no signal.
    Answers on their way get that time to arrive.
    """
    with _opening:
        _stopped.set()
        gateways = [one for (pid, *_), one in _gateways.items() if pid == os.getpid()]
    if gateways:
        with ThreadPoolExecutor(len(gateways)) as threads:
            list(threads.map(Gateway.stop, gateways))


def allow_asking() -> None:
    """Let a new run of this process ask again after `stop_asking`."""
    _stopped.clear()


def close_gateways() -> None:
    """Close every gateway of this process."""
    with _opening:
        for key in [key for key in _gateways if key[0] == os.getpid()]:
            _gateways.pop(key).close()


atexit.register(close_gateways)
