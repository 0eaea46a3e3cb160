"""`joppo score`: scoring in this process, without a server, seen in a terminal."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from joppo.data.store.files import FileStore
from joppo.data.store.store import Store
from joppo.flows.config import ConfigError, load_config, validated
from joppo.flows.parameters import open_store
from joppo.training.judges.config import endpoint_values
from joppo.training.judges.judge import SamplingJudge
from joppo.training.scoring.config import ScorePhotosConfig
from joppo.training.scoring.run import Scoring, run
from joppo.training.scoring.score_files import Ranked

SHOWN = 20
WIDE = 120
BAR = 10
DEFAULT_OUT = "scores"


@dataclass(frozen=True)
class JudgeChoice:
    """The judge that a command line names; what it leaves open comes from the config."""

    judge: str | None = None
    endpoint: str | None = None
    model: str | None = None
    key_env: str | None = None

    def values(self, config: dict[str, Any]) -> dict[str, Any]:
        """The judge's part of a config.

        Raises:
            ConfigError: an endpoint without a judge or model, or a model without an endpoint.
        """
        if self.endpoint is not None:
            if self.judge is None and self.model is None:
                raise ConfigError(
                    "--endpoint and --judge (the model folder of a judge that `joppo serve` serves "
                    "there) belong together, or --endpoint and --model (another model's name)"
                )
            return endpoint_values(self.endpoint, self.model, self.key_env, self.judge)
        if self.model is not None:
            raise ConfigError("--endpoint and --model belong together: where, and which model")
        local = config if config.get("kind", "local") == "local" else {"kind": "local"}
        return {**local, "model": self.judge} if self.judge is not None else config


def read_config(path: Path | None, choice: JudgeChoice, **values: Any) -> ScorePhotosConfig:
    """The config of a file, or the defaults, with what the command line says.

    Raises:
        ConfigError: an unknown key or a wrong value.
    """
    given = {name: value for name, value in values.items() if value is not None}
    base = load_config(ScorePhotosConfig, path).as_dict() if path is not None else {}
    judge = choice.values(base.get("judge", {}))
    where = str(path) if path is not None else "command line"
    return validated(ScorePhotosConfig, base | given | ({"judge": judge} if judge else {}), where)


def score_photos(config: ScorePhotosConfig, root: str | None) -> Scoring:
    """Score, show progress, print the ranking and say what was written."""
    console = Console(stderr=True)
    store = open_store(root)
    config = config.with_latest(store)
    out = FileStore(config.out or DEFAULT_OUT)
    judge = opened(config, store, console)
    with _progress(console) as bar:
        task = bar.add_task(judge.name, total=None)
        done = run(
            config.photos,
            judge,
            config.scoring,
            store,
            out,
            config.html,
            progress=lambda count: bar.advance(task, count),
            listed=lambda count: bar.update(task, total=count),
        )
    page = Console()
    page.print(ranking(done.ranked, config.load_rubric().names, page.width))
    console.print(summary(done, out))
    return done


def opened(config: ScorePhotosConfig, store: Store, console: Console) -> SamplingJudge:
    """The judge, with a word while it loads."""
    from joppo.training.judges.open_judge import open_judge

    with console.status("opening the judge"):
        return open_judge(config.judge, store.root)


def ranking(ranked: list[Ranked], names: list[str], width: int = 80) -> Table:
    """The best photos as a table; a terminal of 120 columns has room for the attributes too."""
    wide = names if width >= WIDE else []
    drawn = any(one.row.spread is not None for one in ranked)
    caption = f"best {SHOWN} of {len(ranked):,}" if len(ranked) > SHOWN else None
    table = Table(header_style="bold", caption=caption, box=SIMPLE_HEAD, expand=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("photo", overflow="ellipsis", no_wrap=True, ratio=3)
    table.add_column("total", no_wrap=True)
    for name in (*(["±"] if drawn else []), *wide):
        table.add_column(name.replace("_", " "), justify="right")
    table.add_column("explanation", overflow="ellipsis", no_wrap=True, ratio=5)
    for one in ranked[:SHOWN]:
        table.add_row(*_cells(one, wide, drawn))
    return table


def _cells(one: Ranked, names: list[str], drawn: bool) -> list[str | Text]:
    row, name = one.row, Text(plain(Path(one.name).name))
    if one.shown is None:
        why = Text(f"no answer: {row.reason}", style="red")
        return ["-", name, "-", *[""] * (len(names) + drawn), why]
    total = Text.assemble(f"{one.shown:.2f} ", ("━" * round(BAR * one.shown), "cyan"))
    spread = ["-" if row.spread is None else f"{row.spread:.2f}"] if drawn else []
    numbers = [f"{row.attributes[name]:+.2f}" for name in names]
    return [str(one.rank), name, total, *spread, *numbers, Text(plain(row.explanation))]


def summary(done: Scoring, out: FileStore) -> Text:
    """What was done, what could not be, and where it stands."""
    failed = [one for one in done.ranked if one.rank is None]
    earlier = len(done.ranked) - done.new
    lines = [f"{len(done.ranked) - len(failed):,} photos scored"]
    if failed:
        reasons = _counts(one.row.reason for one in failed)
        lines.append(f"{len(failed):,} without an answer: {reasons}")
    if done.rejects:
        lines.append(f"{len(done.rejects):,} rejected: {_counts(r.reason for r in done.rejects)}")
    if earlier:
        lines.append(f"{earlier:,} of them judged by an earlier run")
    lines.append(f"{out.root}: {', '.join(done.files)}")
    return Text("\n".join(lines))


def plain(text: str) -> str:
    """Text without signs that a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _counts(reasons: Iterator[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in Counter(reasons).most_common())


class _Speed(ProgressColumn):
    """Photos per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} photos/s" if task.speed else "")


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        yield bar
