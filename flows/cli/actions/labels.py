"""What `joppo labels` shows of a label file: counts, categories, and why rows were dropped."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from joppo.data.datasets import read
from joppo.data.datasets.summary import Summary, summarize
from joppo.data.taxonomy.categories import CATEGORIES


def show_labels(kind: str, path: Path) -> None:
    """Read all labels of a dataset and print the account; no photo is opened."""
    summary = summarize(read(kind, path))
    console = Console()
    console.print(_overview(summary))
    if summary.categories:
        console.print(_categories(summary))


def _overview(summary: Summary) -> Table:
    table = Table(title="labels", show_header=False)
    table.add_row("photos", f"{summary.labels:,}")
    table.add_row("rows with several categories", f"{summary.multi_label:,}")
    for reason, count in sorted(summary.rejects.items()):
        table.add_row(f"rejected: {reason}", f"{count:,}")
    return table


def _categories(summary: Summary) -> Table:
    table = Table("id", "abbreviation", "name", "photos", title="categories")
    for number, count in sorted(summary.categories.items()):
        category = CATEGORIES[number]
        table.add_row(str(number), category.abbreviation, category.name, f"{count:,}")
    return table
