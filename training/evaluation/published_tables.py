"""The paper's tables as it publishes them: for docs/paper.md, which a test holds against these."""

from joppo.data.datasets.mmperspective import DATASET as MMPERSPECTIVE
from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL, SCORE
from joppo.training.evaluation.lookup import DASH, PublishedFigures
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.text_table import TextTable

PAPERS = "JoPPO"
"""The judge that the publication is about, and whose variants the ablation has."""
ATTRIBUTES = ("composition", "color", "depth_of_field", "light", "content")
_ACCURACY = {"picd": "accuracy", MMPERSPECTIVE: "mmp_overall"}
_BOTH = ("srcc", "plcc")
_ABLATION = (
    ("picd", SCORE),
    (MMPERSPECTIVE, SCORE),
    ("cadb", SCORE),
    ("para", ATTRIBUTES_TO_TOTAL),
)


def published_tables(published: Published) -> list[TextTable]:
    """Main table, attributes to total, ablation."""
    return [_main(published), _attributes(published), _ablation(published)]


def _main(published: Published) -> TextTable:
    """One row a set, one column a judge."""
    labels = list(dict.fromkeys(one.judge for one in published.figures))
    rows = [
        (
            source + ("*" if source in published.out_of_domain else ""),
            *(_cell(published, label, source, SCORE) for label in labels),
        )
        for source in published.expected
    ]
    note = "Accuracy, or SRCC / PLCC of the total; * out of domain."
    return TextTable("Main table", ("set", *labels), rows, note)


def _attributes(published: Published) -> TextTable:
    others = PublishedFigures(published, "para", ATTRIBUTES_TO_TOTAL)
    variants = [one for one in published.ablation if one.task == ATTRIBUTES_TO_TOTAL and one.of]
    rows = [
        (label, kind.upper(), *map(_three, cells))
        for kind in _BOTH
        for label in others.labels
        if any(cells := _row(others, label, kind))
    ]
    for name in dict.fromkeys(one.judge for one in variants):
        parts = {one.of: one.value for one in variants if one.judge == name}
        values = [
            *(parts.get(of) for of in ATTRIBUTES),
            published.value(name, "para", ATTRIBUTES_TO_TOTAL, "plcc"),
        ]
        rows.append((name, "PLCC", *map(_number, values)))
    header = ("judge", "figure", *(of.replace("_", " ") for of in ATTRIBUTES), "overall")
    note = (
        "Five attribute scores first, which the model then aggregates into the overall score; each "
        "attribute's figure is its correlation with people's score of that attribute."
    )
    return TextTable("Attributes to total on PARA", header, rows, note)


def _row(others: PublishedFigures, label: str, kind: str) -> list[Row | None]:
    own = [others.figures.get(label, f"{kind}_attribute", of=of) for of in ATTRIBUTES]
    return [*own, others.figures.get(label, kind)]


def _ablation(published: Published) -> TextTable:
    names = list(dict.fromkeys(one.judge for one in published.ablation))
    rows = [
        (
            "full" if name == PAPERS else name,
            *(_cell(published, name, source, task) for source, task in _ABLATION),
        )
        for name in (*names, PAPERS)
    ]
    header = ("variant", "picd", MMPERSPECTIVE, "cadb", "para, attributes to total")
    note = "Without JoPPO is GRPO with a single score."
    return TextTable("Ablation", header, rows, note)


def _cell(published: Published, name: str, source: str, task: str) -> str:
    """Accuracy, or SRCC / PLCC."""
    metrics = (_ACCURACY[source],) if source in _ACCURACY else _BOTH
    values = (published.value(name, source, task, metric) for metric in metrics)
    return " / ".join(map(_number, values))


def _three(row: Row | None) -> str:
    return _number(None if row is None else row["value"])


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"
