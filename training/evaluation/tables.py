"""The table of figures -> tables for people: terminal and Markdown show the same ones."""

from collections.abc import Iterator, Mapping, Sequence

from joppo.training.evaluation.aggregation_tables import aggregation_tables
from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL, SCORE, SCORE_TASKS, class_order
from joppo.training.evaluation.lookup import DASH, Figures, PublishedFigures, shown
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.text_table import TextTable

_TOTALS = {"srcc": "SRCC", "plcc": "PLCC", "plcc_logistic": "PLCC (logistic)"}
_CHOICES = {"accuracy": "accuracy", "accuracy_macro": "mean of classes"}
_OVERALL = {"mmp_overall": "overall", "mmp_robustness": "robustness"}
_ATTRIBUTES = {
    "srcc_attribute": "SRCC with people's attribute",
    "plcc_attribute": "PLCC with people's attribute",
    "attribute_to_mos": "SRCC with people's total",
    "attribute_to_total": "SRCC with its own total",
}
_HALO = {"halo": "the judge's", "halo_truth": "people's", "halo_excess": "excess (halo)"}
_DIFFERENCES = {"srcc_difference": "SRCC", "accuracy_difference": "accuracy"}


def tables(rows: Sequence[Row], published: Published) -> list[TextTable]:
    """All tables of an evaluation, set by set.

    Args:
        rows: rows of `RESULTS` that were measured here.
    """
    found: list[TextTable] = []
    for name in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == name]
        figures, source = Figures(own), own[0]["source"]
        task = next((one for one in SCORE_TASKS if figures.of_task(one)), SCORE)
        others = PublishedFigures(published, source, task)
        found += _totals(name, figures, others, task)
        found += _choices(name, figures, PublishedFigures(published, source))
        if task == ATTRIBUTES_TO_TOTAL:
            found += aggregation_tables(name, figures, others)
        found += _attributes(name, figures, others, task)
        found += _differences(name, figures)
        found += _classes(name, figures)
        found += _failures(name, figures)
    return found


def _lines(
    figures: Figures, columns: Mapping[str, str], task: str | None
) -> Iterator[tuple[str, ...]]:
    """judge, failed answers, n, unparsed, rejected, and the figures of the columns."""
    for label in figures.labels:
        handlings = figures.handlings(label, task)
        for handling in handlings:
            cells = [figures.get(label, m, task=task, handling=handling) for m in columns]
            first = next((cell for cell in cells if cell is not None), None)
            if first is not None:
                counts = [str(first[name]) for name in ("n", "unparsed", "rejected")]
                failed_answers = handling if len(handlings) > 1 else "none"
                yield (label, failed_answers, *counts, *map(shown, cells))


_COUNTS = ("failed answers", "n", "unparsed", "rejected")


def _totals(
    name: str, figures: Figures, others: PublishedFigures, task: str
) -> Iterator[TextTable]:
    if lines := list(_lines(figures, _TOTALS, task)):
        lines += others.lines(_TOTALS, len(_COUNTS))
        header = ("judge", *_COUNTS, *_TOTALS.values())
        yield TextTable(f"{name}: totals against people", header, lines, others.note)


def _choices(name: str, figures: Figures, others: PublishedFigures) -> Iterator[TextTable]:
    tasks = figures.distinct("task", "accuracy")
    lines = [
        (line[0], task, *line[1:]) for task in tasks for line in _lines(figures, _CHOICES, task)
    ]
    overall = list(_lines(figures, _OVERALL, None))
    if lines:
        if not overall:
            lines += others.lines(_CHOICES, 1 + len(_COUNTS))
        header = ("judge", "task", *_COUNTS, *_CHOICES.values())
        yield TextTable(f"{name}: multiple choice", header, lines, others.note)
    if overall:
        overall += others.lines(_OVERALL, len(_COUNTS))
        note = (
            "Overall is the mean of the tasks' accuracies; robustness the share of groups all of "
            "whose questions were answered right."
        )
        note = f"{note} {others.note}" if others.note else note
        header = ("judge", *_COUNTS, *_OVERALL.values())
        yield TextTable(f"{name}: all tasks", header, overall, note)


def _attributes(
    name: str, figures: Figures, others: PublishedFigures, task: str
) -> Iterator[TextTable]:
    attributes = figures.distinct("of", "attribute_to_total")
    if not attributes:
        return
    lines = []
    # Attributes against people's own have a table with the totals under attributes_to_total.
    kinds = _ATTRIBUTES if task == SCORE else dict(list(_ATTRIBUTES.items())[2:])
    for metric, title in kinds.items():
        for label in figures.labels:
            cells = [
                figures.get(label, metric, task=task, of=of, handling="excluded")
                for of in [*attributes, None]
            ]
            if any(cells):
                n = next(str(cell["n"]) for cell in cells if cell)
                lines.append((label, title, n, *map(shown, cells)))
        if metric in ("srcc_attribute", "plcc_attribute"):
            lines += [
                (
                    f"{label} (published)",
                    title,
                    DASH,
                    *(
                        shown(others.figures.get(label, metric, of=of))
                        for of in [*attributes, None]
                    ),
                )
                for label in others.labels
            ]
    if figures.distinct("of", "attribute_to_mos_truth"):
        cells = [
            figures.get(
                figures.labels[0], "attribute_to_mos_truth", task=task, of=of, handling="excluded"
            )
            for of in [*attributes, None]
        ]
        lines.append(("people", "SRCC with people's total", DASH, *map(shown, cells)))
    note = "An attribute-to-total correlation also rises when all attributes follow the total."
    header = ("judge", "figure", "n", *attributes, "mean")
    yield TextTable(f"{name}: attributes", header, lines, note)
    yield from _halo(name, figures, task)


def _halo(name: str, figures: Figures, task: str) -> Iterator[TextTable]:
    lines = []
    for label in figures.labels:
        cells = [figures.get(label, m, task=task, handling="excluded") for m in _HALO]
        if any(cells):
            lines.append((label, *map(shown, cells)))
    if lines:
        title = f"{name}: mean correlation between attributes"
        yield TextTable(title, ("judge", *_HALO.values()), lines)


def _differences(name: str, figures: Figures) -> Iterator[TextTable]:
    lines = [
        (
            f"{row['label']} − {row['versus']}",
            row["task"],
            _DIFFERENCES[row["metric"]],
            row["handling"],
            str(row["n"]),
            shown(row),
            _p(row),
        )
        for row in figures.rows
        if row["metric"] in _DIFFERENCES and (_failed(figures, row) or row["handling"] == "worst")
    ]
    if lines:
        header = ("judges", "task", "figure", "failed answers", "n", "difference", "p")
        note = "Paired bootstrap over the same photos; no correction for the number of comparisons."
        yield TextTable(f"{name}: differences between judges", header, lines, note)


def _failed(figures: Figures, row: Row) -> bool:
    return any(
        len(figures.handlings(one, row["task"])) > 1 for one in (row["label"], row["versus"])
    )


def _p(row: Row) -> str:
    return DASH if row["p"] is None else f"{row['p']:.3f}"


def _classes(name: str, figures: Figures) -> Iterator[TextTable]:
    for task in figures.distinct("task", "accuracy_class"):
        names = [
            row["of"]
            for row in figures.rows
            if (row["metric"], row["task"]) == ("accuracy_class", task)
        ]
        lines = []
        for of in sorted(set(names), key=class_order):
            cells = [
                figures.get(label, "accuracy_class", task=task, of=of, handling="worst")
                for label in figures.labels
            ]
            n = next((str(cell["n"]) for cell in cells if cell), DASH)
            lines.append((of, n, *(shown(cell, 2) for cell in cells)))
        note = "A failed answer counts as wrong; intervals are Wilson's."
        header = ("class", "n", *figures.labels)
        yield TextTable(f"{name}: accuracy by class, {task}", header, lines, note)


def _failures(name: str, figures: Figures) -> Iterator[TextTable]:
    titles = {"unparsed_by_reason": "answer", "rejected_by_reason": "photo"}
    lines = [
        (row["label"], row["task"], titles[row["metric"]], row["of"], f"{row['value']:.0f}")
        for row in figures.rows
        if row["metric"] in titles
    ]
    if lines:
        header = ("judge", "task", "what failed", "reason", "questions")
        yield TextTable(f"{name}: failures by reason", header, lines)
