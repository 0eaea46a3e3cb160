"""`joppo compare`: which of two photos a judge prefers."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from joppo.data.datasets.find_photos import PhotoFile
from joppo.flows.cli.actions.score import opened, plain
from joppo.flows.parameters import open_store
from joppo.training.scoring.config import ScorePhotosConfig

SAMPLES = 8
"""answers drawn to each photo, unless the config says how many"""


def compare_photos(first: Path, second: Path, config: ScorePhotosConfig, root: str | None) -> None:
    """Print how often the first photo wins against the second.

    Raises:
        PhotoError: a file is no photo. NoComparisonError: too few answers are in form.
    """
    from joppo.training.scoring.comparing import compare, photo_question

    store = open_store(root)
    config = config.with_latest(store)
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
