"""Attribute figures against scipy, and what halo does to them."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from joppo.training.metrics.attributes import (
    AttributeColumns,
    AttributeFigures,
    AttributeLinear,
    inter_attribute,
)

NAMES = ("color", "light", "content")


def world(halo: float, seed: int = 0, n: int = 2000) -> AttributeColumns:
    """A judge whose attributes are a mixture of the truth and of its own total."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, 3))
    mos = truth.mean(axis=1)
    total = mos + 0.2 * rng.normal(size=n)
    own = truth + 0.5 * rng.normal(size=(n, 3))
    return AttributeColumns(NAMES, (1 - halo) * own + 3 * halo * total[:, None], total, mos, truth)


def figures(columns: AttributeColumns) -> dict[tuple[str, str | None], float]:
    found = AttributeFigures(columns)
    values = found(np.ones((1, len(columns.total))))[0]
    return dict(zip(found.keys, values.tolist(), strict=True))


def test_each_figure_is_scipys() -> None:
    columns = world(0.3, n=60)
    assert columns.truth is not None and columns.mos is not None
    found = figures(columns)
    for place, name in enumerate(NAMES):
        own, real = columns.attributes[:, place], columns.truth[:, place]
        for key, other in (
            ("attribute_to_total", (own, columns.total)),
            ("attribute_to_mos", (own, columns.mos)),
            ("srcc_attribute", (own, real)),
            ("attribute_to_mos_truth", (real, columns.mos)),
        ):
            assert found[key, name] == pytest.approx(spearmanr(*other).statistic)
    for key, table in (("halo", columns.attributes), ("halo_truth", columns.truth)):
        matrix = spearmanr(table).statistic
        assert found[key, None] == pytest.approx(matrix[np.triu_indices(3, 1)].mean())
    assert found["halo_excess", None] == pytest.approx(
        found["halo", None] - found["halo_truth", None]
    )
    assert found["srcc_attribute", None] == pytest.approx(
        np.mean([found["srcc_attribute", name] for name in NAMES])
    )


def test_halo_raises_attribute_to_total_and_lowers_the_truth() -> None:
    """Why one is never shown without the other two."""
    honest, haloed = figures(world(0.0)), figures(world(0.9))
    assert haloed["attribute_to_total", None] > honest["attribute_to_total", None] + 0.3
    assert haloed["srcc_attribute", None] < honest["srcc_attribute", None] - 0.2
    assert haloed["halo_excess", None] > 0.5 and abs(honest["halo_excess", None]) < 0.1


def test_without_truth_there_is_no_figure_of_it() -> None:
    plain = world(0.0, n=30)
    keys = {name for name, _ in figures(AttributeColumns(NAMES, plain.attributes, plain.total))}
    assert keys == {"attribute_to_total", "halo"}
    rated = AttributeColumns(NAMES, plain.attributes, plain.total, mos=plain.mos)
    assert {name for name, _ in figures(rated)} == keys | {"attribute_to_mos"}


def test_one_attribute_has_no_halo() -> None:
    columns = world(0.0, n=30)
    alone = AttributeColumns(("color",), columns.attributes[:, :1], columns.total)
    assert set(figures(alone)) == {("attribute_to_total", "color"), ("attribute_to_total", None)}


def test_a_constant_attribute_is_undefined_and_so_is_the_mean() -> None:
    columns = world(0.0, n=30)
    columns.attributes[:, 1] = 0.0
    found = figures(columns)
    assert np.isnan(found["srcc_attribute", "light"]) and np.isnan(found["srcc_attribute", None])
    assert np.isfinite(found["srcc_attribute", "color"])


def test_linear_correlation_of_attributes() -> None:
    columns = world(0.2, n=50)
    assert columns.truth is not None
    found = AttributeLinear(columns.attributes, columns.truth)(np.ones((1, 50)))[0]
    expected = [pearsonr(columns.attributes[:, i], columns.truth[:, i]).statistic for i in range(3)]
    assert found == pytest.approx(expected)


def test_the_matrix_is_scipys() -> None:
    table = world(0.4, n=40).attributes
    assert inter_attribute(table) == pytest.approx(spearmanr(table).statistic)
