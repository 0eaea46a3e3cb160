"""The figures that the report is about, and the set that each of them is taken from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL, SCORE, SCORE_TASKS
from joppo.training.evaluation.over_seeds import BySeed, FigureName

Kind = tuple[str, str, str]
"""task, metric and handling of failed answers, as `RESULTS` names them; empty text for null"""


@dataclass(frozen=True)
class KeyFigure:
    """A figure of a whole set: its title, and the kinds that serve as it, best first."""

    title: str
    kinds: tuple[Kind, ...]


COMPOSITION = KeyFigure("composition accuracy", (("composition", "accuracy", "worst"),))
PERSPECTIVE = KeyFigure(
    "perspective accuracy", (("perspective", "accuracy", "worst"), ("", "mmp_overall", "worst"))
)
TOTAL = KeyFigure("SRCC of the total", (("score", "srcc", "worst"),))
LINEAR = KeyFigure("PLCC of the total", (("score", "plcc", "excluded"),))
ATTRIBUTES = KeyFigure(
    "attribute SRCC with the truth",
    tuple((task, "srcc_attribute", "excluded") for task in SCORE_TASKS),
)
TO_TOTAL = KeyFigure(
    "attributes to total: SRCC of the total", ((ATTRIBUTES_TO_TOTAL, "srcc", "worst"),)
)
TO_TOTAL_LINEAR = KeyFigure(
    "attributes to total: PLCC of the total", ((ATTRIBUTES_TO_TOTAL, "plcc", "excluded"),)
)
LAST = KeyFigure(
    "attributes to total: total given last", ((ATTRIBUTES_TO_TOTAL, "total_last", ""),)
)
HALO = KeyFigure("halo in excess", tuple((task, "halo_excess", "excluded") for task in SCORE_TASKS))
FORM = KeyFigure("score answers in form", (("score", "parse_rate", ""),))
ALL = (
    COMPOSITION,
    PERSPECTIVE,
    TOTAL,
    LINEAR,
    ATTRIBUTES,
    TO_TOTAL,
    TO_TOTAL_LINEAR,
    HALO,
    FORM,
)
PUBLISHED_ON: dict[str, tuple[str, str, str]] = {
    COMPOSITION.title: ("picd", SCORE, "accuracy"),
    PERSPECTIVE.title: ("mmperspective", SCORE, "mmp_overall"),
    TOTAL.title: ("cadb", SCORE, "srcc"),
    LINEAR.title: ("cadb", SCORE, "plcc"),
    TO_TOTAL.title: ("para", ATTRIBUTES_TO_TOTAL, "srcc"),
    TO_TOTAL_LINEAR.title: ("para", ATTRIBUTES_TO_TOTAL, "plcc"),
}
"""Title of a figure -> source, task and metric of the paper's ablation that it corresponds to."""


class MeasuredFigures:
    """Which figures were measured on which set; sets in the order of the config."""

    def __init__(self, sets: Sequence[str], variants: Mapping[str, BySeed]) -> None:
        self.sets = tuple(sets)
        self._names = {
            FigureName.of_row(row)
            for by_seed in variants.values()
            for rows in by_seed.values()
            for row in rows
            if row["versus"] is None
        }

    def on_every_set(self, figure: KeyFigure) -> list[FigureName]:
        """The figure on every set that measures it, in the order of the sets."""
        return [
            name
            for one in self.sets
            for task, metric, handling in figure.kinds
            if (name := FigureName(one, task, metric, "", handling)) in self._names
        ]

    def on_first_set(self, figure: KeyFigure) -> FigureName | None:
        """The figure on the first set that measures it; None where none does."""
        return next(iter(self.on_every_set(figure)), None)


def only(by_seed: BySeed, figures: Iterable[FigureName]) -> BySeed:
    """The rows of some figures."""
    kept = frozenset(figures)
    return {
        seed: [row for row in rows if row["versus"] is None and FigureName.of_row(row) in kept]
        for seed, rows in by_seed.items()
    }
