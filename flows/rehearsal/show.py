"""The report of a rehearsal as tables: in a terminal, and as rows of a Prefect artifact."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from joppo.training.rehearsal.outcome import Forecast, Report, StageOutcome

_COLORS = {"passed": "green", "failed": "red", "not run": "yellow"}
_TINY = (
    "By tiny models these hours say nothing of the real ones: rehearse without --tiny on the "
    "machine that will train."
)


def show_report(report: Report, console: Console) -> None:
    """Print everything: what was changed, stages, figures, forecast, warnings."""
    console.print(changes_table(report))
    for label in report.not_asked:
        console.print(f"not asked, because --offline: {label}", style="yellow")
    for table in figure_tables(report):
        console.print(table)
    console.print(stages_table(report))
    if report.forecast:
        console.print(forecast_table(report))
    show_warnings(report, console)


def stages_table(report: Report) -> Table:
    """One row a stage."""
    table = _table(f"rehearsal of {report.profile}", ["stage", "", "s", "GiB", "GPU GiB", "what"])
    for one in report.stages:
        what = Text(one.reason)
        if one.remedy and one.status != "passed":
            what.append(f"\nremedy: {one.remedy}", "yellow")
        table.add_row(
            one.stage,
            Text(one.status, _COLORS[one.status]),
            f"{one.seconds:.1f}",
            _number(one.memory_gib),
            _number(one.gpu_gib),
            what,
        )
    return table


def changes_table(report: Report) -> Table:
    """What the rehearsal changed in the configs."""
    table = _table("changed in the configs, and nothing else", ["file", "key", "was", "now", "why"])
    for one in report.changes:
        table.add_row(*map(Text, (one.file, one.key, one.was, one.now, one.why)))
    return table


def figure_tables(report: Report) -> Iterator[Table]:
    """The figures of each stage that has some."""
    for stage in report.stages:
        if stage.figures:
            names = list(dict.fromkeys(name for row in stage.figures for name in row))
            table = _table(stage.stage, names)
            for row in stage.figures:
                table.add_row(*(_cell(row.get(name)) for name in names))
            yield table


def forecast_table(report: Report) -> Table:
    """The full recipe by this rehearsal, beside the plan."""
    title = "the full recipe, by these measurements and by `joppo plan`"
    names = ["part", "amount", "s each", "hours", "plan: hours", "USD", "plan: USD"]
    table = _table(title, names)
    if report.settings["tiny"]:
        table.caption = _TINY
    for one in report.forecast:
        table.add_row(
            one.part,
            f"{one.amount:,.0f} {one.unit}",
            *map(_number, (one.seconds_each, one.hours, one.plan_hours, one.usd, one.plan_usd)),
        )
    return table


def show_warnings(report: Report, console: Console) -> None:
    """Every warning with its remedy."""
    warnings = report.all_warnings()
    if not warnings:
        console.print("no warning", style="green")
        return
    console.print("to read before renting GPUs:", style="bold")
    for one in warnings:
        console.print(Text.assemble(("• ", "yellow"), one.about, ("\n  ", ""), (one.remedy, "dim")))


def artifact_rows(report: Report) -> list[dict[str, Any]]:
    """The table of stages, for Prefect's UI."""
    return [_artifact_row(one) for one in report.stages]


def _artifact_row(one: StageOutcome) -> dict[str, Any]:
    return {
        "stage": one.stage,
        "status": one.status,
        "seconds": round(one.seconds, 1),
        "GiB": one.memory_gib and round(one.memory_gib, 2),
        "GPU GiB": one.gpu_gib and round(one.gpu_gib, 2),
        "what": one.reason,
        "remedy": one.remedy,
    }


def forecast_rows(report: Report) -> list[dict[str, Any]]:
    """The forecast, for Prefect's UI."""
    return [_forecast_row(one) for one in report.forecast]


def _forecast_row(one: Forecast) -> dict[str, Any]:
    return {
        "part": one.part,
        "amount": round(one.amount),
        "unit": one.unit,
        "seconds each": one.seconds_each,
        "hours": one.hours,
        "plan: hours": one.plan_hours,
        "USD": one.usd,
        "plan: USD": one.plan_usd,
    }


def _table(title: str, names: list[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
