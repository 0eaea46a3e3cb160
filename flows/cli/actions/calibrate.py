"""`joppo calibrate`: fit a judge's totals to the scores that people gave."""

from rich.console import Console
from rich.text import Text

from joppo.flows.cli.actions.score import opened
from joppo.flows.parameters import open_store
from joppo.training.scoring.config import ScorePhotosConfig


def calibrate_judge(
    config: ScorePhotosConfig, root: str | None, version: str | None, split: str
) -> None:
    """Fit the judge's calibration on a snapshot and store it.

    Raises:
        CalibrationError, CorpusNotFoundError, SnapshotError, PhotoMissingError: it cannot be done.
    """
    from joppo.training.judges.mean import mean_name
    from joppo.training.scoring.calibrating import calibrate
    from joppo.training.scoring.calibration import save
    from joppo.training.scoring.run import calibration_place
    from joppo.training.scoring.score_cache import ScoreCache

    console, store = Console(stderr=True), open_store(root)
    config = config.with_latest(store)
    judge = opened(config, store, console)
    name = mean_name(judge.name, config.samples)
    cache = ScoreCache(store, name, config.question().prompt_id)
    with console.status("scoring photos that people have scored"):
        fitted = calibrate(judge, cache, store, config.scoring, version, split)
    folder, file = calibration_place(config, store, name)
    save(fitted, folder, file)
    about = f"{len(fitted.totals)} knots, {fitted.photos:,} photos, {fitted.source}"
    console.print(Text(f"{folder.root}/{file}: {about}"))
