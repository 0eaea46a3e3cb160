"""Tables of the protocol attributes-to-total, laid out as the paper's: attributes, then totals."""

from collections.abc import Iterator

from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL
from joppo.training.evaluation.lookup import DASH, Figures, PublishedFigures, shown
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.text_table import TextTable

_KINDS = ("srcc", "plcc")
_NOTE = (
    "Attributes against people's scores of the same attributes. Totals against people's: "
    "aggregated by the judge itself, which was asked for the attributes first, and as a "
    "least-squares regression on its attributes, fitted on validation photos. Failed answers are "
    "left out. Halo stands in a table of its own below."
)


def aggregation_tables(
    name: str, figures: Figures, others: PublishedFigures
) -> Iterator[TextTable]:
    """SRCC and PLCC of attributes and of both totals; how often the order was kept; the weights."""
    attributes = figures.distinct("of", "attribute_to_total")
    if not attributes:
        return
    lines = [
        (label, kind.upper(), _n(figures, label), *map(shown, cells))
        for kind in _KINDS
        for label in figures.labels
        if any(cells := _cells(figures, label, kind, attributes))
    ]
    for kind in _KINDS:
        lines += [
            (f"{label} (published)", kind.upper(), DASH, *map(shown, cells), DASH)
            for label in others.labels
            if any(cells := _published(others, label, kind, attributes))
        ]
    header = ("judge", "figure", "n", *attributes, "total, by the judge", "total, by regression")
    note = f"{_NOTE} {others.note}" if others.note else _NOTE
    yield TextTable(f"{name}: attributes to total", header, lines, note)
    yield from _how(name, figures, attributes)


def _how(name: str, figures: Figures, attributes: list[str]) -> Iterator[TextTable]:
    lines = []
    for label in figures.labels:
        last = figures.get(label, "total_last", task=ATTRIBUTES_TO_TOTAL)
        weights = [_get(figures, label, "regression_weight", of) for of in attributes]
        if last is not None:
            photos = next((str(one["n"]) for one in weights if one), DASH)
            lines.append((label, shown(last), photos, *map(shown, weights)))
    if lines:
        note = (
            "A judge that puts the total before the attributes did not aggregate them, whatever "
            "its figures. Weights are those of the regression: people's total on [0, 1] for an "
            "attribute on [-1, 1]."
        )
        header = ("judge", "total given last", "fitted on", *(f"weight of {a}" for a in attributes))
        yield TextTable(f"{name}: how totals come from attributes", header, lines, note)


def _cells(figures: Figures, label: str, kind: str, attributes: list[str]) -> list[Row | None]:
    return [
        *(_get(figures, label, f"{kind}_attribute", of) for of in attributes),
        _get(figures, label, kind),
        _get(figures, label, f"{kind}_regression"),
    ]


def _published(
    others: PublishedFigures, label: str, kind: str, attributes: list[str]
) -> list[Row | None]:
    own = [others.figures.get(label, f"{kind}_attribute", of=of) for of in attributes]
    return [*own, others.figures.get(label, kind)]


def _get(figures: Figures, label: str, metric: str, of: str | None = None) -> Row | None:
    return figures.get(label, metric, task=ATTRIBUTES_TO_TOTAL, of=of, handling="excluded")


def _n(figures: Figures, label: str) -> str:
    row = _get(figures, label, "srcc")
    return DASH if row is None else str(row["n"])
