"""The figures that the report is about, and the set that each of them is taken from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from joppo.training.evaluation.over_seeds import BySeed, FigureName

Kind = tuple[str, str, str]
"""task, metric and handling of failed answers, as `RESULTS` names them; empty text for null"""


@dataclass(frozen=True)
class Wanted:
    """A figure of the whole set: its title, and the kinds that stand for it, the best first."""

    title: str
    kinds: tuple[Kind, ...]


COMPOSITION = Wanted("composition accuracy", (("composition", "accuracy", "worst"),))
PERSPECTIVE = Wanted(
    "perspective accuracy", (("perspective", "accuracy", "worst"), ("", "mmp_overall", "worst"))
)
TOTAL = Wanted("SRCC of the total", (("score", "srcc", "worst"),))
LINEAR = Wanted("PLCC of the total", (("score", "plcc", "excluded"),))
ATTRIBUTES = Wanted("attribute SRCC with the truth", (("score", "srcc_attribute", "excluded"),))
TO_TOTAL = Wanted("attribute to total", (("score", "attribute_to_total", "excluded"),))
HALO = Wanted("halo in excess", (("score", "halo_excess", "excluded"),))
FORM = Wanted("score answers in form", (("score", "parse_rate", ""),))
ALL = (COMPOSITION, PERSPECTIVE, TOTAL, LINEAR, ATTRIBUTES, TO_TOTAL, HALO, FORM)


class Places:
    """Which figures were measured where; sets in the order of the config."""

    def __init__(self, sets: Sequence[str], variants: Mapping[str, BySeed]) -> None:
        self.sets = tuple(sets)
        self.known = {
            FigureName.of_row(row)
            for by_seed in variants.values()
            for rows in by_seed.values()
            for row in rows
            if row["versus"] is None
        }

    def everywhere(self, wanted: Wanted) -> list[FigureName]:
        """The figure on every set that measures it, in the order of the sets."""
        return [
            name
            for one in self.sets
            for task, metric, handling in wanted.kinds
            if (name := FigureName(one, task, metric, "", handling)) in self.known
        ]

    def first(self, wanted: Wanted) -> FigureName | None:
        """The figure on the first set that measures it; None where none does."""
        return next(iter(self.everywhere(wanted)), None)


def only(by_seed: BySeed, figures: Iterable[FigureName]) -> BySeed:
    """The rows of some figures."""
    kept = frozenset(figures)
    return {
        seed: [row for row in rows if row["versus"] is None and FigureName.of_row(row) in kept]
        for seed, rows in by_seed.items()
    }
