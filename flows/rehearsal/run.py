"""A rehearsal from start to end: configs changed, stages run one after the other, a report written.

A stage that fails stops none but those that need what it makes.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from joppo.flows.config import ConfigError
from joppo.flows.rehearsal.forecast import disk_warnings, forecast, plan_problem
from joppo.flows.rehearsal.isolated import run_isolated
from joppo.flows.rehearsal.profile import Profile, write_rehearsed
from joppo.flows.rehearsal.stages import STAGES, Place
from joppo.training.judges.config import EndpointJudgeConfig
from joppo.training.rehearsal.outcome import Report, StageOutcome, Warned
from joppo.training.rehearsal.settings import Settings
from joppo.training.rehearsal.tiny_depth import make_tiny_depth

PLAN = "mend what it names, and look at `joppo plan` again"
Told = Callable[[StageOutcome], None]


def rehearse_profile(
    profile: Profile,
    settings: Settings,
    store: Path,
    api_url: str,
    started: Callable[[str], None] = lambda stage: None,
    ended: Told = lambda outcome: None,
) -> Report:
    """Run all stages of a profile in a store of its own; the report is in it as rehearsal.json.

    Args:
        store: folder, which may hold what an earlier rehearsal has finished.
        api_url: of the Prefect server that keeps the flow runs.
        started: called with the name of each stage before it runs.
        ended: called with the outcome of each stage.

    Raises:
        ConfigError: a config cannot be rehearsed.
    """
    root = store.absolute()
    place = Place(str(root), api_url)
    depth = root / "models" / "tiny-depth"
    changes, not_asked = write_rehearsed(profile, settings, place.configs, depth)
    if settings.tiny and _estimates_depth(profile):
        make_tiny_depth(depth)
    os.environ.pop("JOPPO_RUNS", None)
    outcomes: dict[str, StageOutcome] = {}
    for stage in stages_of(profile, settings):
        started(stage)
        outcomes[stage] = _run(stage, place, outcomes)
        ended(outcomes[stage])
    report = Report(
        profile.name, asdict(settings), str(root), list(outcomes.values()), changes, not_asked
    )
    if outcomes["labels"].status == "passed":
        _add_forecast(report, profile, settings, outcomes)
    report.write(root)
    return report


def _add_forecast(
    report: Report, profile: Profile, settings: Settings, outcomes: dict[str, StageOutcome]
) -> None:
    if problem := plan_problem(profile, settings, outcomes):
        report.warnings.append(Warned(f"the full recipe cannot be planned: {problem}", PLAN))
        return
    report.forecast = forecast(profile, settings, outcomes)
    report.warnings += disk_warnings(profile, settings, outcomes, Path(report.store))


def stages_of(profile: Profile, settings: Settings) -> list[str]:
    """Names of the stages that a profile has, in their order."""
    endpoint = isinstance(profile.score.judge, EndpointJudgeConfig) and not settings.offline
    return [name for name in STAGES if name != "score-endpoint" or endpoint]


def _run(stage: str, place: Place, before: dict[str, StageOutcome]) -> StageOutcome:
    work, needs = STAGES[stage]
    if missing := unmet(needs, before):
        return StageOutcome(stage, "not run", f"needs {', '.join(missing)}")
    return run_isolated(stage, work, (place,), Path(place.root) / "logs")


def unmet(needs: Iterable[str], before: dict[str, StageOutcome]) -> list[str]:
    """The stages among `needs` that have not passed."""
    return [name for name in needs if before[name].status != "passed"]


def _estimates_depth(profile: Profile) -> bool:
    synthesis = profile.build.synthesis
    return synthesis is not None and synthesis.control.depth_model is not None


def local_folder(store: str | None, profile: Profile) -> Path:
    """The folder of a rehearsal's store: by default `rehearsal/<profile>`.

    Raises:
        ConfigError: the store is no folder of this machine.
    """
    if store is not None and "://" in store:
        raise ConfigError(f"{store}: a rehearsal needs a folder of this machine as its store")
    return Path(store) if store else Path("rehearsal") / profile.name
