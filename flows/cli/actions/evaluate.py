"""`joppo evaluate`: an evaluation in this process, without a Prefect server, and its tables."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from joppo.data.store.store import Store
from joppo.flows.config import load_config
from joppo.flows.parameters import open_store
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.judges import NamedJudge, named_judges, table_of
from joppo.training.evaluation.predict import Progress as AnswerProgress
from joppo.training.evaluation.published import load_published
from joppo.training.evaluation.report import overview
from joppo.training.evaluation.run import Measured, ask, load_sets, measure
from joppo.training.evaluation.store import StoredEvaluation, write
from joppo.training.evaluation.tables import tables
from joppo.training.evaluation.text_table import TextTable

WIDE = 150
"""Columns of a table that does not go to a terminal."""


def show_evaluation(
    config: Path, judges: Sequence[str] = (), root: str | None = None, out: Path | None = None
) -> StoredEvaluation:
    """Evaluate, print every table, and copy the report to `out`, a folder.

    Args:
        judges: in place of those of the config.
    """
    overrides = {"judges": list(judges)} if judges else None
    c = load_config(EvaluateConfig, config, overrides)
    store = open_store(root)
    console = Console()
    table = table_of(c, store)
    question = table.question
    named = named_judges(c.judges, table.local, store, c.samples, question.rubric)
    sets = load_sets(c, store, config.parent, question)
    _ask(named, sets, store, console)
    measured = measure(named, sets, store, c.figures)
    written = write(measured, load_published(), c.figures, store)
    _print(measured, console)
    console.print(f"\nreport: {store.root}/{written.folder}/report.md", soft_wrap=True)
    if out is not None:
        copy(written, store, out)
        console.print(f"copied to {out}", soft_wrap=True)
    return written


def _ask(
    judges: Sequence[NamedJudge], sets: Sequence[EvaluationSet], store: Store, console: Console
) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:

        def bar(judge: NamedJudge, one: EvaluationSet) -> AnswerProgress:
            task = bars.add_task(escape(f"{judge.label}: {one.name}"), total=len(one.items))
            return lambda done, total: bars.update(task, completed=done, total=total)

        for judge in judges:
            ask(judge, sets, store, lambda one, judge=judge: bar(judge, one))


def _print(measured: Measured, console: Console) -> None:
    width = None if console.is_terminal else WIDE
    for table in [*overview(measured), *tables(measured.results.to_pylist(), load_published())]:
        console.print(_rich(table), width=width)


def _rich(table: TextTable) -> Table:
    shown = Table(
        title=escape(table.title),
        caption=table.note,
        box=box.SIMPLE,
        title_justify="left",
        caption_justify="left",
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    for number, name in enumerate(table.header):
        shown.add_column(escape(name), overflow="fold", no_wrap=number == 0)
    for row in table.rows:
        shown.add_row(*map(escape, row))
    return shown


def copy(written: StoredEvaluation, store: Store, out: Path) -> None:
    """All files of an evaluation as files of a folder; the page last."""
    names = store.names(written.folder)
    for name in sorted(names, key=lambda name: (name == "report.md", name)):
        store.get_file(f"{written.folder}/{name}", out / name)
