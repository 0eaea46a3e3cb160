"""The published figures are those that were read, and the docs show these and no others."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from joppo.training.evaluation.lookup import PublishedFigures
from joppo.training.evaluation.published import Published, load_published
from joppo.training.evaluation.published_tables import published_tables
from joppo.training.evaluation.report import markdown
from tests.paths import ROOT

SHIPPED = load_published()
# Copied by hand from the review, beside published.yaml and not from it.
MAIN = """
picd           0.313         0.393         0.720
mmperspective  0.487         0.501         0.624
cadb           0.586 / 0.527 0.538 / 0.517 0.629 / 0.612
tad66k*        0.232 / 0.235 0.252 / 0.239 0.265 / 0.268
para*          0.700 / 0.724 0.678 / 0.738 0.764 / 0.804
ava*           0.408 / 0.387 0.501 / 0.428 0.427 / 0.434
"""
ATTRIBUTES = """
GPT-4o        SRCC 0.637 0.667 0.609 0.599 0.589 0.661
JoPPO         SRCC 0.768 0.695 0.673 0.712 0.677 0.789
JoPPO         PLCC 0.796 —     —     —     0.752 0.822
without-JoPPO PLCC 0.735 —     —     —     0.664 0.733
"""
ABLATION = """
without-SFT   0.444 0.547 0.596 / 0.587 0.761 / 0.782
without-JoPPO 0.674 0.621 0.566 / 0.554 0.723 / 0.733
full          0.720 0.624 0.629 / 0.612 0.789 / 0.822
"""


def cells(text: str) -> list[tuple[str, ...]]:
    """Rows of cells; a cell may hold two figures with a stroke between them."""
    lines = (line.replace(" / ", "/").split() for line in text.strip().splitlines())
    return [
        (first.replace("without-", "without "), *(cell.replace("/", " / ") for cell in rest))
        for first, *rest in lines
    ]


def in_the_docs() -> Iterator[list[tuple[str, ...]]]:
    """The rows of each table between the page's marks."""
    page = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
    block = page.split("<!-- published -->")[1].split("<!-- end -->")[0]
    for table in block.split("### ")[1:]:
        lines = [line for line in table.splitlines() if line.startswith("|")]
        yield [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


@pytest.mark.parametrize(("place", "text"), enumerate((MAIN, ATTRIBUTES, ABLATION)))
def test_figures_are_those_that_were_read(place: int, text: str) -> None:
    assert list(published_tables(SHIPPED)[place].rows) == cells(text)
    assert list(in_the_docs())[place] == cells(text)


def test_the_docs_show_the_tables_as_they_are() -> None:
    page = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
    for table in published_tables(SHIPPED):
        assert markdown(table).strip().replace("## ", "### ", 1) in page
    for claim in SHIPPED.claims:
        assert claim in " ".join(page.split())
    for judge in SHIPPED.compared_besides:
        assert judge in page


def test_nothing_else_is_published() -> None:
    figures = [cell for table in published_tables(SHIPPED) for row in table.rows for cell in row]
    numbers = sum(cell.count("0.") for cell in figures)
    # The ablation's last row repeats six figures of the tables above it, and PLCC without JoPPO
    # (0.733) stands in two tables.
    assert len(SHIPPED.figures) + len(SHIPPED.ablation) == numbers - 6 - 1
    assert len({tuple(one.model_dump().items()) for one in SHIPPED.figures}) == len(SHIPPED.figures)


def test_every_figure_says_where_it_was_read() -> None:
    assert {"picd", "mmperspective", "cadb", "tad66k", "para", "ava"} == set(SHIPPED.expected)
    for figure in (*SHIPPED.figures, *SHIPPED.ablation):
        assert figure.reference.startswith("as reported of the paper's ")
        assert "by a review of it; the paper's own pages were not at hand" in figure.reference
    assert "own pages were not at hand" in SHIPPED.reference
    with pytest.raises(ValidationError, match="reference"):
        Published(
            reference="x",
            expected={},
            figures=({"judge": "Ours", "source": "para", "metric": "srcc", "value": 0.9},),
        )


def test_protocols_are_kept_apart() -> None:
    total = PublishedFigures(SHIPPED, "para")
    first = PublishedFigures(SHIPPED, "para", "attributes_to_total")
    assert total.labels == ["Qwen2.5-VL-72B", "GPT-4o", "JoPPO", "Q-Insight", "ArtiMuse"]
    assert first.labels == ["GPT-4o", "JoPPO"]
    rows = [one.figures.get("JoPPO", "srcc") for one in (total, first)]
    assert [row and row["value"] for row in rows] == [0.764, 0.789]
    assert SHIPPED.value("without JoPPO", "para", "attributes_to_total", "plcc") == 0.733
    assert SHIPPED.value("without JoPPO", "para", "score", "plcc") is None
