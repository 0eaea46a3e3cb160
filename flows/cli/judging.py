"""`joppo compare` and `joppo calibrate`: what else a judge is asked for."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from joppo.data.datasets.find_photos import read_photo
from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.prompts import score_prompt
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store
from joppo.flows.cli.score import opened, plain
from joppo.training.judges.judge import Question
from joppo.training.scoring.config import ScorePhotosConfig, prompt_id

SAMPLES = 8


def compare_photos(first: Path, second: Path, config: ScorePhotosConfig, root: str | None) -> None:
    """Print how often the first photo wins against the second.

    Raises:
        PhotoError: a file is no photo. NoComparisonError: too few answers are in form.
    """
    from joppo.training.scoring.comparing import compare

    store = Store(root) if root else Store.from_env()
    a, b = (_question(path, config) for path in (first, second))
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


def _question(path: Path, config: ScorePhotosConfig) -> Question:
    try:
        content = read_photo(path, config.max_bytes)
        photo = load_photo(content, max_pixels=config.max_pixels)
    except PhotoError as error:
        raise PhotoError(error.reason, f"{plain(str(path))}: {error.detail}") from None
    rubric = config.load_rubric()
    form = AnswerFormat("score", tuple(rubric.names))
    return Question(sha256(content), photo.copy, score_prompt(rubric), form)


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
    from joppo.training.scoring.score_cache import ScoreBook

    console, store = Console(stderr=True), Store(root) if root else Store.from_env()
    judge = opened(config, store, console)
    name = mean_name(judge.name, config.samples)
    book = ScoreBook(store, name, prompt_id(config.load_rubric()))
    with console.status("scoring photos that people have scored"):
        made = calibrate(judge, book, store, config.scoring, version, split)
    folder, file = calibration_place(config, store, name)
    save(made, folder, file)
    console.print(
        Text(
            f"{folder.root}/{file}: {len(made.totals)} knots, {made.photos:,} photos, {made.source}"
        )
    )
