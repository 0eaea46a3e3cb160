"""Threads at work end when the process is told to."""

import threading
import time

import pytest

from joppo.tasks.interrupting import Interrupted, allow_work, interrupt_work, interruptible


@pytest.fixture(autouse=True)
def afterwards():
    yield
    allow_work()


def test_a_thread_that_computes_ends() -> None:
    began, ended = threading.Event(), list[str]()

    def compute() -> None:
        try:
            with interruptible():
                began.set()
                while True:
                    sum(range(1000))
        except Interrupted:
            ended.append("interrupted")

    thread = threading.Thread(target=compute, daemon=True)
    thread.start()
    assert began.wait(5)
    interrupt_work()
    thread.join(5)
    assert ended == ["interrupted"]


def test_a_thread_that_has_ended_its_work_is_left_alone() -> None:
    ended = list[str]()

    def compute() -> None:
        with interruptible():
            pass
        time.sleep(0.2)
        ended.append("as usual")

    thread = threading.Thread(target=compute)
    thread.start()
    time.sleep(0.1)
    interrupt_work()
    thread.join(5)
    assert ended == ["as usual"]
