"""Whether drawn attributes tell the drawn total, against what unrelated ones would tell."""

from collections.abc import Sequence
from typing import Any

import pytest

from joppo.training.reproduction.coupling import CHANCE, R2, coupling_table

Rows = list[dict[str, Any]]


def rows(r2: Sequence[float | None], chance: Sequence[float | None]) -> Rows:
    """Training metrics of one run: a value per logged step, among others."""
    named = [(R2, step, value) for step, value in enumerate(r2, 1)]
    named += [(CHANCE, step, value) for step, value in enumerate(chance, 1)]
    named.append(("loss", 1, 0.5))
    return [{"name": name, "step": step, "value": value} for name, step, value in named]


def test_means_over_steps_then_over_seeds() -> None:
    runs = {"full": {0: rows([0.1, 0.3], [0.1, 0.1]), 1: rows([0.3, 0.5], [0.1, 0.1])}}
    (row,) = coupling_table(runs, "full", 0.95).rows
    assert row[0] == "full" and [cell.split(" ")[0] for cell in row[1:]] == [
        "0.300",
        "0.100",
        "0.200",
    ]


@pytest.mark.parametrize(
    ("r2", "said"),
    [
        ((0.30, 0.31, 0.29), "more to tell than by chance"),
        ((0.05, 0.09, 0.07), "not told apart from zero"),
        ((0.30,), "too few seeds to tell"),
    ],
)
def test_the_note_reads_the_figures_of_the_full_recipe(r2: Sequence[float], said: str) -> None:
    other = {seed: rows([0.9 - seed / 100], [0.07]) for seed in range(3)}
    runs = {"other": other, "full": {n: rows([value], [0.07]) for n, value in enumerate(r2)}}
    note = coupling_table(runs, "full", 0.95).note
    assert note is not None and said in note


def test_steps_without_a_value_are_no_zeros() -> None:
    runs = {
        "full": {0: rows([float("nan"), 0.2, 0.9], [0.1, 0.1, None]), 1: rows([None], [0.1])},
        "none": {0: rows([], [])},
    }
    table = coupling_table(runs, "full", 0.95)
    assert list(table.rows) == [("full", "0.200", "0.100", "0.100")]


def test_nothing_trained_is_no_table() -> None:
    assert not coupling_table({}, "full", 0.95).rows
