"""rehearse: the whole recipe of a profile on this machine, with a handful of photos.

    prefect deployment run rehearse -p profile=single-gpu -p datasets=/data
    joppo rehearse single-gpu --datasets /data

Every stage runs, as far as it can, with the profile's own configs, keys and models; what fails, and
what the full recipe will take, is known before GPUs are rented. docs/real.md is the way from there.
"""

import os
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.states import Failed, State
from pydantic import Field
from rich.console import Console

from joppo.flows.parameters import StoreRoot
from joppo.flows.rehearsal.profile import find_profile, read_profile
from joppo.flows.rehearsal.run import local_folder, rehearse_profile
from joppo.flows.rehearsal.show import artifact_rows, forecast_rows, show_report
from joppo.tasks.locks import visible_gpus
from joppo.training.rehearsal.outcome import FILE, Report, StageOutcome
from joppo.training.rehearsal.settings import Settings

LEAST_PHOTOS = 12
WIDTH = 150
"""columns of tables that do not go to a terminal"""


@flow(name="rehearse")
def rehearse(
    profile: str = "embedded",
    photos: Annotated[int, Field(ge=LEAST_PHOTOS)] = 48,
    steps: Annotated[int, Field(ge=1)] = 2,
    usd: Annotated[float, Field(ge=0)] = 1.0,
    tiny: bool = False,
    offline: bool = False,
    datasets: str | None = None,
    store: StoreRoot = None,
) -> str | State[str]:
    """Rehearse a profile and return the path of the report, rehearsal.json.

    Args:
        profile: A name of configs/, or a folder of configs.
        photos: Photos of the corpus, spread over sources, categories and scores.
        steps: Optimizer steps of each training.
        usd: Most that the answers of teachers and judges may cost, in US dollars.
        tiny: Tiny models of the same classes in place of the profile's.
        offline: The grounded teacher in place of all others; no judge behind an API is asked.
        datasets: Folder of the datasets, in place of `../../datasets` in the configs.
        store: Folder of the rehearsal; by default rehearsal/<profile>.
    """
    settings = Settings(
        photos,
        steps,
        usd,
        tiny,
        offline,
        datasets,
        gpus=len(visible_gpus(os.environ)),
        cores=os.cpu_count() or 1,
    )
    report = _rehearsed(profile, settings, store)
    path = f"{report.store}/{FILE}"
    if report.failed:
        # A state in place of an exception: its traceback would bury the report.
        problems = "; ".join(f"{one.stage}: {one.reason}" for one in report.failed)
        return Failed(message=f"{problems}. The report is {path}")
    return path


def _rehearsed(profile: str, settings: Settings, store: str | None) -> Report:
    """The rehearsal with its log, its artifacts, and its tables on standard output."""
    logger = get_run_logger()

    def ended(one: StageOutcome) -> None:
        logger.info("%s %s after %.1f s: %s", one.stage, one.status, one.seconds, one.reason)

    read = read_profile(find_profile(profile))
    report = rehearse_profile(
        read, settings, local_folder(store, read), server_url(), logger.info, ended
    )
    title = f"Rehearsal of {report.profile}"
    create_table_artifact(key="rehearsal", table=artifact_rows(report), description=title)
    if rows := forecast_rows(report):
        title = "The full recipe by this rehearsal, and by the plan"
        create_table_artifact(key="rehearsal-forecast", table=rows, description=title)
    if warnings := report.all_warnings():
        rows = [{"about": one.about, "remedy": one.remedy} for one in warnings]
        create_table_artifact(key="rehearsal-warnings", table=rows, description="Warnings")
    show_report(report, Console(width=None if Console().is_terminal else WIDTH))
    return report


def server_url() -> str:
    """Where this flow run is kept: the stages' own flow runs are kept there too."""
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import get_current_settings

    named = get_current_settings().api.url
    # Without one, this process has started a server of its own, which there is one of.
    return named or SubprocessASGIServer().api_url
