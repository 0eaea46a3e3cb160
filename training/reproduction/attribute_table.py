"""Table 2 of a reproduction: attributes to total, and the halo beside it."""

from collections.abc import Iterator, Sequence

from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL
from joppo.training.evaluation.lookup import DASH, PublishedFigures, shown
from joppo.training.evaluation.over_seeds import FigureName
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.text_table import TextTable
from joppo.training.reproduction.figures_of_interest import (
    ATTRIBUTES,
    LAST,
    TO_TOTAL,
    MeasuredFigures,
)
from joppo.training.reproduction.tables import Summaries, about_published, over_seeds_text

ATTRIBUTE_ROWS = {
    "srcc_attribute": "SRCC with the truth",
    "plcc_attribute": "PLCC with the truth",
    "attribute_to_total": "SRCC with its own total",
    "attribute_to_mos": "SRCC with people's total",
}
TOTALS_OF = {
    "srcc_attribute": ("srcc", "srcc_regression"),
    "plcc_attribute": ("plcc", "plcc_regression"),
}
"""Figure of the attributes -> the same of the judge's total and of the regression."""
TOTAL_COLUMNS = ("total", "by regression")
HALO = {"halo": "halo", "halo_excess": "halo in excess"}


def attribute_table(
    summaries: Summaries,
    measured: MeasuredFigures,
    published: Published,
    another_world: bool = False,
) -> TextTable:
    """Table 2: attributes and the total that a judge aggregates from them, halo beside it.

    It is taken from the first set that was asked by the protocol attributes-to-total; where there
    is none, from the first one with attributes, and its note says that the total came first.
    """
    protocol = measured.on_first_set(TO_TOTAL)
    figure = protocol or measured.on_first_set(ATTRIBUTES)
    name, task = (figure.set, figure.task) if figure is not None else ("", "")
    attributes = summaries.attributes(name)
    rows: list[tuple[str, ...]] = []
    for metric, title in ATTRIBUTE_ROWS.items():
        totals = TOTALS_OF.get(metric, ("", ""))
        halo = HALO if metric == "attribute_to_total" else dict.fromkeys(HALO, "")
        kinds = [*((metric, of) for of in (*attributes, "")), *((one, "") for one in totals)]
        kinds += [(one if halo[one] else "", "") for one in HALO]
        for variant in summaries.variants:
            cells = [
                over_seeds_text(summaries.get(variant, FigureName(name, task, *one, "excluded")), 2)
                for one in kinds
            ]
            if any(cell != DASH for cell in cells):
                rows.append((title, variant, *cells))
        if metric in TOTALS_OF:
            rows += _published_attributes(published, metric, title, attributes)
    header = ("figure", "judge", *attributes, "mean", *TOTAL_COLUMNS, *HALO.values())
    asked = _NO_PROTOCOL if protocol is None else f"{_ORDER} {_kept(summaries, name)}"
    note = f"{asked} {_HALO_NOTE} {about_published(another_world)}"
    return TextTable("Table 2. Attributes and total", header, rows, note)


def _kept(summaries: Summaries, name: str) -> str:
    """Which share of the answers of every variant gave the total last, as was asked."""
    ((task, metric, handling),) = LAST.kinds
    figure = FigureName(name, task, metric, "", handling)
    shares = {variant: summaries.get(variant, figure) for variant in summaries.variants}
    listed = ", ".join(
        f"{variant} {DASH if over is None else format(over.value, '.2f')}"
        for variant, over in shares.items()
    )
    return f"Share of answers that did give it last: {listed}."


_ORDER = (
    "Judges were asked for the attributes first and then for the total in sight of them; beside it "
    "the total as a regression on the attributes, fitted on validation photos."
)
_NO_PROTOCOL = "No set was asked by the protocol attributes_to_total: totals came first."
_HALO_NOTE = (
    "An attribute's correlation with its own total also rises when all attributes merely follow "
    "the total. Halo is the mean correlation between different attributes of a judge; in excess, "
    "minus that of the truth. Without them, and without the attributes' own SRCC, that figure "
    "means nothing."
)


def _published_attributes(
    published: Published, metric: str, title: str, attributes: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    others = PublishedFigures(published, "para", ATTRIBUTES_TO_TOTAL)
    total, _ = TOTALS_OF[metric]
    for label in others.labels:
        own = [others.figures.get(label, metric, of=of) for of in [*attributes, None]]
        cells = [shown(one) for one in [*own, others.figures.get(label, total)]]
        if any(cell != DASH for cell in cells):
            # No regression and no halo is published.
            yield (title, f"{label} (published)", *cells, *[DASH] * (1 + len(HALO)))
