"""A progress artifact is updated once a percent, and not more often than it may be."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

import joppo.tasks.progress as progress
from joppo.tasks.progress import ProgressArtifact


class Server:
    """What the server was sent; `away` raises what a lost server does."""

    def __init__(self) -> None:
        self.shown: list[float] = []
        self.away = False

    def create(self, value: float, *, key: str, description: str) -> Any:
        self.update(None, value)
        return uuid4()

    def update(self, artifact_id: Any, progress: float) -> None:
        if self.away:
            raise httpx.ConnectError("no server")
        self.shown.append(progress)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(progress, "create_progress_artifact", made.create)
    monkeypatch.setattr(progress, "update_progress_artifact", made.update)
    return made


def test_a_hundred_updates_for_any_number_of_parts(server: Server) -> None:
    bar = ProgressArtifact("k", "parts")
    for done in range(10_001):
        bar.show(done, 10_000)
    assert server.shown == [float(percent) for percent in range(101)]


def test_no_parts_are_no_progress(server: Server) -> None:
    ProgressArtifact("k", "parts").show(0, 0)
    assert server.shown == [0.0]


def test_the_last_update_does_not_wait(server: Server) -> None:
    now = [0.0]
    bar = ProgressArtifact("k", "parts", every_s=5, clock=lambda: now[0])
    for done, at in ((0, 0.0), (1, 1.0), (2, 4.9), (3, 5.0), (4, 5.1)):
        now[0] = at
        bar.show(done, 4)
    assert server.shown == [0.0, 75.0, 100.0]


def test_what_the_server_did_not_take_is_shown_later(server: Server) -> None:
    bar = ProgressArtifact("k", "parts")
    server.away = True
    for done in (0, 1):
        with pytest.raises(httpx.ConnectError):
            bar.show(done, 4)
    server.away = False
    bar.show(1, 4)
    bar.show(2, 4)
    assert server.shown == [25.0, 50.0]
