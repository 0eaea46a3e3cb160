"""Figures of one set found by what they are, and how one is written for a person."""

from collections.abc import Iterator, Mapping, Sequence

from joppo.data.scenes.scene_source import DATASET as SCENES
from joppo.training.evaluation.items import SCORE
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.results import Row
from joppo.training.metrics.missing import HANDLINGS

DASH = "—"
ANOTHER_WORLD = (
    "Rendered scenes are another world than the paper's photographs, and a judge of a million "
    "parameters is another judge: no published figure can be compared with these."
)


class Figures:
    """Rows of `RESULTS` of one set, found by what they are."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.labels = list(dict.fromkeys(row["label"] for row in rows))
        self._known = {self._key(row): row for row in rows}

    @staticmethod
    def _key(row: Row) -> tuple[str | None, ...]:
        named = ("label", "versus", "task", "metric", "of", "handling")
        return tuple(row.get(name) for name in named)

    def get(self, label: str, metric: str, **columns: str | None) -> Row | None:
        """The one row; columns that are not named are null."""
        return self._known.get(self._key({"label": label, "metric": metric, **columns}))

    def distinct(self, column: str, metric: str) -> list[str]:
        """Values of a column among the rows of a metric, null left out, in their order."""
        return list(
            dict.fromkeys(
                row[column] for row in self.rows if row["metric"] == metric and row[column]
            )
        )

    def of_task(self, task: str) -> bool:
        """Whether any figure is of this task."""
        return any(row["task"] == task for row in self.rows)

    def handlings(self, label: str, task: str | None) -> Sequence[str]:
        """Both where answers failed; the last one alone where the two are the same."""
        own = (row for row in self.rows if (row["label"], row["task"]) == (label, task))
        return HANDLINGS if any(row["unparsed"] for row in own) else HANDLINGS[-1:]


class PublishedFigures:
    """Published figures of one source, judge by judge, that were measured by one protocol.

    `task` is SCORE, for choices too, or ATTRIBUTES_TO_TOTAL. `note` says where they are from.
    """

    def __init__(self, published: Published, source: str, task: str = SCORE) -> None:
        rows = [row for row in published.rows() if (row["source"], row["task"]) == (source, task)]
        self.figures = Figures([{**row, "task": None} for row in rows])
        expected = published.expected.get(source, ()) if task == SCORE else ()
        self.labels = list(dict.fromkeys([*expected, *self.figures.labels]))
        self.note: str | None = None
        if self.labels:
            self.note = f"Rows marked (published): {published.reference}."
        elif source == SCENES:
            self.note = ANOTHER_WORLD

    def lines(self, columns: Mapping[str, str], blanks: int) -> Iterator[tuple[str, ...]]:
        """One line a judge: its name, `blanks` dashes, then its figures or dashes."""
        for label in self.labels:
            cells = [shown(self.figures.get(label, metric)) for metric in columns]
            yield (f"{label} (published)", *[DASH] * blanks, *cells)


def shown(row: Row | None, digits: int = 3) -> str:
    """`0.712 [0.690, 0.731]`; a dash, with the reason, where there is no figure."""
    if row is None:
        return DASH
    note = f" ({row['note'].replace('_', ' ')})" if row.get("note") else ""
    if row["value"] is None:
        return DASH + note
    text = f"{row['value']:.{digits}f}"
    if row.get("low") is None:
        return text + note
    return f"{text} [{row['low']:.{digits}f}, {row['high']:.{digits}f}]{note}"
