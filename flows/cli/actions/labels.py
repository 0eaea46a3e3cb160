"""What `joppo labels` shows of a dataset: counts, categories, dropped rows, and its photos."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from joppo.data.datasets import Label, Reject, read
from joppo.data.datasets.image_check import NO_CHECKSUMS, Finding, ImageCheck, check_images
from joppo.data.datasets.summary import Summary, summarize
from joppo.data.taxonomy.categories import CATEGORIES

NO_FINDING = Finding()


def show_labels(kind: str, path: Path, images: Path | None = None) -> None:
    """Read all labels of a dataset and print the account; with `images`, that of its photos too.

    Raises:
        DatasetFormatError: labels of another format, or an image folder that holds no photo.
        NoUsablePhotoError: no label has a photo in `images` that can be used.
        UnknownPartError: there is no such reader.
    """
    items: list[str] = []
    summary = summarize(_noting_items(read(kind, path), items))
    console = Console()
    console.print(_overview(summary))
    if summary.categories:
        console.print(_categories(summary))
    if images is not None:
        check = _check(items, images)
        console.print(_photos(check))
        if check.sizes:
            console.print(_sizes(check))
        console.print(_checksums(kind))
        check.require_usable(images)


def _noting_items(results: Iterable[Label | Reject], items: list[str]) -> Iterator[Label | Reject]:
    """The results as they are; the names of the labels' photos are appended to `items`."""
    for result in results:
        if isinstance(result, Label):
            items.append(result.item)
        yield result


def _check(items: list[str], folder: Path) -> ImageCheck:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading photos", total=None)
        return check_images(
            items,
            folder,
            listed=lambda count: bar.update(task, total=count),
            progress=lambda count: bar.advance(task, count),
        )


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


def _photos(check: ImageCheck) -> Table:
    table = Table(title="photos")
    table.add_column("")
    table.add_column("photos", justify="right")
    table.add_column("the first of them", overflow="fold")
    table.add_row("labelled", f"{check.labels:,}", "")
    table.add_row("usable", f"{check.usable:,}", "")
    _add(table, "missing: labels without photo", check.missing)
    for reason, finding in sorted(check.broken.items()) or [("none", NO_FINDING)]:
        _add(table, f"broken: {reason}", finding)
    _add(table, "photos without label", check.unlabelled)
    for reason, finding in sorted(check.refused.items()):
        _add(table, f"not taken from the folder: {reason}", finding)
    return table


def _add(table: Table, name: str, finding: Finding) -> None:
    more = ", ..." if finding.count > len(finding.first) else ""
    # As Text, because a file's name may look like markup.
    table.add_row(name, f"{finding.count:,}", Text(", ".join(finding.first) + more))


def _sizes(check: ImageCheck) -> Table:
    table = Table("", "least", "median", "greatest", title="sizes of the usable photos")
    for name, spread in check.sizes.items():
        numbers = (spread.low, spread.median, spread.high)
        table.add_row(name, *(f"{number:,}" for number in numbers))
    return table


def _checksums(kind: str) -> str:
    if kind in NO_CHECKSUMS:
        return f"checksums: none compared; as far as is known, {kind} publishes none"
    return "checksums: none compared; this kind of label file states none"
