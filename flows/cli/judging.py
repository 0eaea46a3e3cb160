"""`joppo compare` and `joppo calibrate`: what else a judge is asked for."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from joppo.data.datasets.find_photos import PhotoFile
from joppo.data.store.store import Store
from joppo.flows.cli.score import opened, plain
from joppo.training.scoring.config import ScorePhotosConfig, prompt_id

SAMPLES = 8


def compare_photos(first: Path, second: Path, config: ScorePhotosConfig, root: str | None) -> None:
    """Print how often the first photo wins against the second.

    Raises:
        PhotoError: a file is no photo. NoComparisonError: too few answers are in form.
    """
    from joppo.training.scoring.comparing import compare, photo_question

    store = Store(root) if root else Store.from_env()
    a, b = (photo_question(PhotoFile(plain(str(path)), path), config) for path in (first, second))
    judge = opened(config, store, Console(stderr=True))
    found = compare(judge, a, b, config.samples or SAMPLES)
    table = Table(header_style="bold", title=Text(judge.name))
    for name in ("photo", "mean total", "spread", "answers in form", "wins with"):
        table.add_column(name, justify="left" if name == "photo" else "right")
    for i, (path, win) in enumerate(((first, found.win), (second, 1 - found.win))):
        numbers = (f"{found.means[i]:.3f}", f"{found.spreads[i]:.3f}", str(found.answers[i]))
        table.add_row(Text(plain(path.name)), *numbers, f"{win:.1%}")
    Console().print(table)
    Console().print(
        f"By the attribute scores alone the first one wins with {found.win_by_attributes:.1%}."
    )


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

    console, store = Console(stderr=True), Store(root) if root else Store.from_env()
    judge = opened(config, store, console)
    name = mean_name(judge.name, config.samples)
    cache = ScoreCache(store, name, prompt_id(config.load_rubric()))
    with console.status("scoring photos that people have scored"):
        made = calibrate(judge, cache, store, config.scoring, version, split)
    folder, file = calibration_place(config, store, name)
    save(made, folder, file)
    console.print(
        Text(
            f"{folder.root}/{file}: {len(made.totals)} knots, {made.photos:,} photos, {made.source}"
        )
    )
