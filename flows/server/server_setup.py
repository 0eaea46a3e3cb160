"""What is set up on a Prefect server before work begins: the pools, and a watch for lost runs.

A worker reports the death of the runs that it started. Where the worker died as well, a run would
stay RUNNING for ever, take up a slot of its pool, and be waited for by its parent. Every flow run
sends a sign of life (`heartbeat_frequency` in prefect.toml); an automation of the server looks out
for those that have stopped, and marks them as crashed.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

LOST = "lost-runs-crash"
SILENCE = timedelta(minutes=5)
"""Ten signs of life: a few may go missing on a busy machine."""
_BEAT = "prefect.flow-run.heartbeat"
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed")


def set_up_server(api_url: str, pools: Mapping[str, int | None]) -> None:
    """Create process pools with their limits of runs at a time, and the watch for lost runs.

    Pools that are there take the new limits.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
        for name, limit in pools.items():
            pool = WorkPoolCreate(
                name=name, type="process", base_job_template=template, concurrency_limit=limit
            )
            client.create_work_pool(pool, overwrite=True)
        if not client.read_automations_by_name(LOST):
            client.create_automation(_lost_runs())


def _lost_runs() -> Any:
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    message = f"no sign of life for {SILENCE.total_seconds() / 60:.0f} minutes"
    return AutomationCore(
        name=LOST,
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
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )
