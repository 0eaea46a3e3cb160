"""A wait for a teacher is one line of the log and one progress artifact, however many see it."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client

from joppo.data.teachers.waiting import Waiting
from joppo.tasks.waiting import WaitingReport


@pytest.mark.usefixtures("prefect_backend")
def test_notices_become_one_artifact_until_the_teacher_answers_again() -> None:
    report, now = WaitingReport(), datetime.now(UTC)
    since, gives_up = now - timedelta(seconds=30), now + timedelta(seconds=30)
    first = Waiting("GPT 4", "HTTP 500: busy", since, now + timedelta(seconds=10), gives_up)
    second = Waiting("GPT 4", "HTTP 503: busier", since, now + timedelta(seconds=20), gives_up)
    again = Waiting("GPT 4", "", since, None)

    @task
    def shard() -> None:
        for waiting in (first, first, second):
            report(waiting)

    @flow
    def run(last: bool) -> None:
        shard()
        shard()
        if last:
            task(lambda: report(again))()

    def shown() -> tuple[str, float]:
        with get_client(sync_client=True) as client:
            body = {"artifacts": {"key": {"any_": ["waiting-for-gpt-4"]}}}
            (artifact,) = client._client.post("/artifacts/filter", json=body).json()
        return artifact["description"], artifact["data"]

    run(False)
    text, used = shown()
    assert "waiting for teacher GPT 4 since" in text and "HTTP 503: busier" in text
    assert 45 < used < 75
    run(True)
    text, used = shown()
    assert "answers again" in text and used == 100
