"""The paper's tables: figures, intervals and published rows stand where they belong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from joppo.training.evaluation.over_seeds import FigureName, summarize
from joppo.training.evaluation.published import Published, load_published
from joppo.training.evaluation.text_table import TextTable
from joppo.training.metrics.seeds import over_seeds
from joppo.training.reproduction.attribute_table import attribute_table
from joppo.training.reproduction.figures_of_interest import (
    ALL,
    COMPOSITION,
    LINEAR,
    PERSPECTIVE,
    TO_TOTAL,
    TO_TOTAL_LINEAR,
    TOTAL,
    MeasuredFigures,
)
from joppo.training.reproduction.paper_claims import check_claims, paper_claims
from joppo.training.reproduction.tables import (
    Summaries,
    ablation_table,
    claim_table,
    main_table,
    over_seeds_text,
)
from tests.training.reproduction.experiment import NAMES, VARIANTS, by_seed, experiment, figure, row

FIGURES = experiment(seeds=3)
MEASURED = MeasuredFigures(["mine", "other"], FIGURES)
SUMMARIES = Summaries(summarize(FIGURES))
THEIRS = {"judge": "JoPPO", "reference": "table 1"}
PUBLISHED = Published.model_validate(
    {
        "reference": "somebody",
        "expected": {"cadb": ["JoPPO"], "para": ["JoPPO", "silent"]},
        "figures": [
            {**THEIRS, "source": "picd", "metric": "accuracy", "value": 0.61},
            {**THEIRS, "source": "cadb", "metric": "srcc", "value": 0.78},
            {**THEIRS, "source": "other", "metric": "srcc", "value": 0.42},
            {
                **THEIRS,
                "source": "para",
                "task": "attributes_to_total",
                "metric": "srcc_attribute",
                "of": "color",
                "value": 0.9,
            },
            {
                **THEIRS,
                "source": "para",
                "task": "attributes_to_total",
                "metric": "srcc",
                "value": 0.91,
            },
        ],
        "ablation": [
            {
                **THEIRS,
                "judge": "without SFT",
                "source": "picd",
                "metric": "accuracy",
                "value": 0.21,
            }
        ],
    }
)


def cell(table: TextTable, name: str, column: str) -> str:
    """The cell of the row that begins with, or has second, a name."""
    (row,) = [row for row in table.rows if name in row[:2]]
    return row[table.header.index(column)]


def test_the_main_table_has_means_with_students_intervals() -> None:
    table = main_table(SUMMARIES, MEASURED, PUBLISHED)
    values = [0.8, 0.81, 0.82]
    half = t.ppf(0.975, 2) * np.std(values, ddof=1) / 3**0.5
    expected = f"{np.mean(values):.3f} [{0.81 - half:.3f}, {0.81 + half:.3f}]"
    assert cell(table, "full", "total, SRCC") == expected
    assert cell(table, "full", "other: total, SRCC").startswith("0.710 [")
    assert [row[0] for row in table.rows][:6] == list(VARIANTS)


def test_published_figures_stand_in_their_own_rows() -> None:
    table = main_table(SUMMARIES, MEASURED, PUBLISHED)
    name = "JoPPO (published)"
    told = {column: cell(table, name, column) for column in table.header[1:]}
    assert told == {
        "composition, accuracy": "0.610",
        "perspective, accuracy": "—",
        "total, SRCC": "0.780",
        "total, PLCC": "—",
        "other: total, SRCC": "0.420",
    }
    assert table.note is not None and "somebody" in table.note
    attributes = attribute_table(SUMMARIES, MEASURED, PUBLISHED)
    assert cell(attributes, name, "color") == "0.900"
    assert cell(attributes, name, "total") == "0.910"
    assert cell(attributes, name, "mean") == cell(attributes, name, "by regression") == "—"
    (beside,) = [i for i, row in enumerate(attributes.rows) if row[1] == name]
    assert attributes.rows[beside - 1][0] == attributes.rows[beside][0] == "SRCC with the truth"


def test_the_papers_differences_stand_beside_ours() -> None:
    table = ablation_table(FIGURES, MEASURED, "full", 0.95, PUBLISHED)
    shown = {row[:2]: row[-1] for row in table.rows}
    assert shown.pop((COMPOSITION.title, "full − without-sft")) == "+0.400"
    assert set(shown.values()) == {"—"}
    shipped = ablation_table(FIGURES, MEASURED, "full", 0.95, load_published())
    paper = {row[:2]: row[-1] for row in shipped.rows if row[-1] != "—"}
    assert paper == {
        (COMPOSITION.title, "full − without-sft"): "+0.276",
        (COMPOSITION.title, "full − without-joppo"): "+0.046",
        (PERSPECTIVE.title, "full − without-sft"): "+0.077",
        (PERSPECTIVE.title, "full − without-joppo"): "+0.003",
        (TOTAL.title, "full − without-sft"): "+0.033",
        (TOTAL.title, "full − without-joppo"): "+0.063",
        (LINEAR.title, "full − without-sft"): "+0.025",
        (LINEAR.title, "full − without-joppo"): "+0.058",
        (TO_TOTAL.title, "full − without-sft"): "+0.028",
        (TO_TOTAL.title, "full − without-joppo"): "+0.066",
        (TO_TOTAL_LINEAR.title, "full − without-sft"): "+0.040",
        (TO_TOTAL_LINEAR.title, "full − without-joppo"): "+0.089",
    }


def test_a_miniature_says_that_it_is_another_world() -> None:
    for another_world in (False, True):
        for table in (
            main_table(SUMMARIES, MEASURED, PUBLISHED, another_world),
            attribute_table(SUMMARIES, MEASURED, PUBLISHED, another_world),
            ablation_table(FIGURES, MEASURED, "full", 0.95, PUBLISHED, another_world),
        ):
            assert table.note is not None
            assert ("another world" in table.note) == another_world


def test_where_no_set_was_asked_by_the_protocol_the_table_says_so() -> None:
    plain = {
        variant: {
            seed: [
                {**one, "task": "score"}
                for one in rows
                if (one["task"], one["metric"]) == ("attributes_to_total", "srcc_attribute")
            ]
            + [row(FigureName("mine", "score", "srcc_attribute", "", "excluded"), 0.5)]
            for seed, rows in seeds.items()
        }
        for variant, seeds in FIGURES.items()
    }
    measured = MeasuredFigures(["mine"], plain)
    table = attribute_table(Summaries(summarize(plain)), measured, PUBLISHED)
    assert table.note is not None and "totals came first" in table.note
    table = attribute_table(SUMMARIES, MEASURED, PUBLISHED)
    assert table.note is not None and "sft 0.97" in table.note


def test_the_published_figures_of_the_package_fit_the_tables() -> None:
    for table in (
        main_table(SUMMARIES, MEASURED, load_published()),
        attribute_table(SUMMARIES, MEASURED, load_published()),
    ):
        assert all(len(row) == len(table.header) for row in table.rows)
        assert any("JoPPO (published)" in row for row in table.rows)


def test_attribute_to_total_never_stands_alone() -> None:
    table = attribute_table(SUMMARIES, MEASURED, PUBLISHED)
    assert table.header == (
        "figure",
        "judge",
        *NAMES,
        "mean",
        "total",
        "by regression",
        "halo",
        "halo in excess",
    )
    for variant in VARIANTS:
        mine = {row[0]: row for row in table.rows if row[1] == variant}
        assert {"SRCC with its own total", "SRCC with the truth"} <= set(mine)
        assert mine["SRCC with its own total"][-2] == "0.30 [0.30, 0.30]"
        assert mine["SRCC with the truth"][-2:] == ("—", "—")


def test_the_ablation_subtracts_every_other_variant_from_the_full_recipe() -> None:
    table = ablation_table(FIGURES, MEASURED, "full", 0.95, PUBLISHED)
    assert len(table.rows) == len(ALL) * (len(VARIANTS) - 1)
    (row,) = [r for r in table.rows if r[:2] == (TOTAL.title, "full − sft")]
    # The seeds' shares of the difference are equal, so its interval has no width.
    assert row[2] == "+0.400 [+0.400, +0.400]" and row[5] == "3"
    for text in (row[4] for row in table.rows):
        assert float(text) >= 2 ** (1 - 3)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=5), st.data())
def test_the_ablation_changes_sign_with_its_sides(one: list[float], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.floats(-1, 1), min_size=len(one), max_size=len(one)))
    variants = {"a": by_seed(figure(TOTAL), one), "b": by_seed(figure(TOTAL), other)}
    measured = MeasuredFigures(["mine"], variants)
    (forward,), (backward,) = (
        ablation_table(variants, measured, full, 0.95, PUBLISHED).rows for full in ("a", "b")
    )
    numbers = [[float(n.strip("[],")) for n in row[2].split()] for row in (forward, backward)]
    assert numbers[0] == pytest.approx([-n for n in (numbers[1][0], numbers[1][2], numbers[1][1])])
    assert forward[3:] == backward[3:]


def test_one_seed_has_no_interval_and_no_p() -> None:
    figures = experiment(seeds=1)
    measured = MeasuredFigures(["mine", "other"], figures)
    table = main_table(Summaries(summarize(figures)), measured, PUBLISHED)
    assert cell(table, "full", "total, SRCC") == "0.800"
    assert {row[3] for row in ablation_table(figures, measured, "full", 0.95, PUBLISHED).rows} == {
        "—"
    }
    tested = check_claims(paper_claims("full"), figures, measured, 0.95)
    assert {row[3] for row in claim_table(tested, 0.95).rows} == {"not measured"}


def test_a_lost_variant_leaves_no_hole() -> None:
    figures = {name: found for name, found in FIGURES.items() if name != "sft"}
    measured = MeasuredFigures(["mine", "other"], figures)
    verdicts = [one.verdict for one in check_claims(paper_claims("full"), figures, measured, 0.95)]
    assert verdicts == ["not measured", "shown", "not measured", "shown", "shown", "shown"]
    assert not any(
        row[1] == "sft" for row in ablation_table(figures, measured, "full", 0.95, PUBLISHED).rows
    )


@pytest.mark.parametrize(
    ("values", "text"), [([0.5], "0.500"), ([0.5, 0.5], "0.500 [0.500, 0.500]")]
)
def test_text_of_a_mean(values: list[float], text: str) -> None:
    assert over_seeds_text(over_seeds(values)) == text
    assert over_seeds_text(None) == "—"
    assert math.isnan(over_seeds([0.5]).low)
