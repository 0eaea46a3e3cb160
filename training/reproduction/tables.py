"""Figures over seeds -> the paper's three tables, ours beside the published ones."""

import math
from collections.abc import Iterator, Sequence

from training.evaluation.lookup import DASH, Theirs, shown
from training.evaluation.over_seeds import Comparison, FigureName, Summary
from training.evaluation.published import Published
from training.evaluation.tables import TextTable
from training.metrics.seeds import OverSeeds
from training.reproduction.claims import Tested

ATTRIBUTE_ROWS = {
    "attribute_to_total": "attribute to total",
    "srcc_attribute": "attribute SRCC with the truth",
    "attribute_to_mos": "attribute to people's total",
}
HALO_ROWS = {"halo": "correlation between attributes", "halo_excess": "in excess of the truth's"}
ABLATION = {
    ("composition", "accuracy", "worst"): "composition accuracy",
    ("perspective", "accuracy", "worst"): "perspective accuracy",
    ("score", "srcc", "worst"): "SRCC of the total",
    ("score", "plcc", "excluded"): "PLCC of the total",
    ("score", "srcc_attribute", "excluded"): "attribute SRCC with the truth",
    ("score", "attribute_to_total", "excluded"): "attribute to total",
    ("score", "halo_excess", "excluded"): "halo in excess",
    ("score", "parse_rate", ""): "score answers in form",
}


class OverAll:
    """Summaries of all variants, found by what they are."""

    def __init__(self, summaries: Sequence[Summary]) -> None:
        self._known = {(one.variant, one.figure): one for one in summaries}
        self.variants = list(dict.fromkeys(one.variant for one in summaries))
        self.figures = list(dict.fromkeys(one.figure for one in summaries))

    def get(self, variant: str, figure: FigureName) -> OverSeeds | None:
        """Mean and interval; None where no seed defines the figure."""
        found = self._known.get((variant, figure))
        return None if found is None else found.over

    def attributes(self, name: str) -> list[str]:
        """Attributes that were scored on a set, in the judges' order."""
        return [
            f.of for f in self.figures if (f.set, f.metric) == (name, "srcc_attribute") and f.of
        ]


def over_seeds_text(over: OverSeeds | None, digits: int = 3) -> str:
    """`0.712 [0.690, 0.731]`, without an interval for one seed, a dash for no figure."""
    if over is None:
        return DASH
    mean = f"{over.value:.{digits}f}"
    if math.isnan(over.low):
        return mean
    return f"{mean} [{over.low:.{digits}f}, {over.high:.{digits}f}]"


def main_table(over: OverAll, sets: Sequence[str], published: Published) -> TextTable:
    """Table 1: choices and totals of every variant, in and out of domain."""
    main = sets[0]
    columns = [
        ("composition, accuracy", FigureName(main, "composition", "accuracy", "", "worst")),
        ("perspective, accuracy", FigureName(main, "perspective", "accuracy", "", "worst")),
        ("total, SRCC", FigureName(main, "score", "srcc", "", "worst")),
        ("total, PLCC", FigureName(main, "score", "plcc", "", "excluded")),
        *((f"{name}, SRCC", FigureName(name, "score", "srcc", "", "worst")) for name in sets[1:]),
    ]
    rows = [
        (variant, *(over_seeds_text(over.get(variant, figure)) for _, figure in columns))
        for variant in over.variants
    ]
    rows += list(_published_main(published, len(columns)))
    note = (
        "The paper's rows are on its own data and a 7B judge: they are for orientation, not for "
        "comparison."
    )
    header = ("judge", *(name for name, _ in columns))
    return TextTable("Table 1. Main results", header, rows, note)


def _published_main(published: Published, width: int) -> Iterator[tuple[str, ...]]:
    """PICD, MMPerspective, then SRCC and PLCC on CADB, as far as they are known."""
    picd, mmp, cadb = (Theirs(published, s) for s in ("picd", "mmperspective", "cadb"))
    for label in cadb.labels:
        cells = [
            shown(picd.figures.get(label, "accuracy")),
            shown(mmp.figures.get(label, "mmp_overall")),
            shown(cadb.figures.get(label, "srcc")),
            shown(cadb.figures.get(label, "plcc")),
        ]
        yield (f"{label} (published)", *cells, *[DASH] * (width - len(cells)))


def attribute_table(over: OverAll, name: str, published: Published) -> TextTable:
    """Table 2: attribute to total, beside attribute SRCC against the truth and the halo."""
    attributes = over.attributes(name)
    rows: list[tuple[str, ...]] = []
    for metric, title in ATTRIBUTE_ROWS.items():
        for variant in over.variants:
            found = [over.get(variant, FigureName(name, "score", metric, of, "excluded"))
                     for of in [*attributes, ""]]  # fmt: skip
            if any(found):
                rows.append((title, variant, *(over_seeds_text(one, 2) for one in found)))
    theirs = Theirs(published, "para")
    rows += [
        ("attribute to total", f"{label} (published)",
         *(shown(theirs.figures.get(label, "attribute_to_total", of=of), 2)
           for of in [*attributes, None]))
        for label in theirs.labels
    ]  # fmt: skip
    for metric, title in HALO_ROWS.items():
        figure = FigureName(name, "score", metric, "", "excluded")
        rows += [
            (
                title,
                variant,
                *[DASH] * len(attributes),
                over_seeds_text(over.get(variant, figure), 2),
            )
            for variant in over.variants
        ]
    note = (
        "An attribute-to-total correlation also rises when all attributes merely follow the total; "
        "it means something only beside the attributes' own SRCC and the halo."
    )
    return TextTable(
        "Table 2. Attributes and total", ("figure", "judge", *attributes, "mean"), rows, note
    )


def ablation_table(
    comparisons: Sequence[Comparison], name: str, full: str, others: Sequence[str]
) -> TextTable:
    """Table 3: the full recipe minus each other variant, paired over seeds."""
    known = {(one.variant, one.versus, one.figure): one for one in comparisons}
    rows = []
    for (task, metric, handling), title in ABLATION.items():
        figure = FigureName(name, task, metric, "", handling)
        for other in others:
            forward, backward = known.get((full, other, figure)), known.get((other, full, figure))
            if forward is not None:
                rows.append((title, f"{full} − {other}", *_difference(forward, 1)))
            elif backward is not None:
                rows.append((title, f"{full} − {other}", *_difference(backward, -1)))
    note = (
        "p is that of the paired t-test; p (signs) that of all changes of sign, which cannot fall "
        "below 2^(1 − n). No correction for the number of comparisons."
    )
    header = ("figure", "variants", "difference", "p", "p (signs)", "seeds")
    return TextTable("Table 3. Ablation, paired over seeds", header, rows, note)


def _difference(one: Comparison, sign: int) -> tuple[str, ...]:
    paired = one.paired
    low, high = sorted((sign * paired.low, sign * paired.high))
    text = f"{sign * paired.value:+.3f}"
    if math.isnan(low):
        return (text, DASH, DASH, str(paired.n))
    p = f"{paired.p:.3f}", f"{paired.p_signs:.3f}"
    return (f"{text} [{low:+.3f}, {high:+.3f}]", *p, str(paired.n))


def claim_table(tested: Sequence[Tested]) -> TextTable:
    """Every claim with its difference and verdict."""
    rows = [
        (
            one.claim.text, f"{one.claim.variant} − {one.claim.versus}",
            DASH if one.found is None else _difference(one.found, 1)[0], one.verdict,
        )
        for one in tested
    ]  # fmt: skip
    header = ("claim", "variants", "difference over seeds", "verdict")
    return TextTable("The paper's claims in the miniature", header, rows)
