"""Runs whose process is gone without a word: the server marks them as crashed.

A worker reports the death of the runs that it started. Where the worker died as well, a run would
stay RUNNING for ever, take up a slot of its pool, and be waited for by its parent. Every flow run
sends a sign of life (`heartbeat_frequency` in prefect.toml); an automation of the server looks out
for those that have stopped.
"""

from datetime import timedelta

NAME = "lost-runs-crash"
SILENCE = timedelta(seconds=150)
"""Five signs of life: fewer may go missing on a busy machine."""
_BEAT = "prefect.flow-run.heartbeat"
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed")


def watch_for_lost_runs(api_url: str) -> None:
    """Have the server of this address do so; nothing changes where it does already."""
    from prefect.automations import Automation
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture
    from prefect.settings import PREFECT_API_URL, temporary_settings

    told = f"no sign of life for {SILENCE.total_seconds():.0f} s"
    automation = Automation(
        name=NAME,
        description="Marks flow runs whose process is gone as crashed.",
        trigger=EventTrigger(
            after={_BEAT},
            expect={_BEAT, *(f"prefect.flow-run.{end}" for end in _ENDS)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=told)],
    )
    with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
        if not any(known.name == NAME for known in client.read_automations_by_name(NAME)):
            client.create_automation(automation)
