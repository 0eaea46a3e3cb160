import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.synthesis.edge_agreement import contrast, correlation, depth_edges, edge_f1


def line(column: int, size: int = 32) -> np.ndarray:
    edges = np.zeros((size, size), np.uint8)
    edges[:, column] = 255
    return edges


def test_a_map_agrees_with_itself_and_empty_maps_agree():
    empty = np.zeros((32, 32), np.uint8)
    assert edge_f1(line(5), line(5)) == 1
    assert edge_f1(empty, empty) == 1
    assert edge_f1(empty, line(5)) == edge_f1(line(5), empty) == 0


@pytest.mark.parametrize(("shift", "tolerance", "f1"), [(1, 0, 0), (1, 1, 1), (2, 1, 0), (2, 2, 1)])
def test_an_edge_counts_within_the_tolerance(shift, tolerance, f1):
    assert edge_f1(line(10), line(10 + shift), tolerance) == f1


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    two = np.maximum(line(5), line(20))
    # Half of the found edges are wanted (precision 1/2), all of the wanted are found (recall 1).
    assert edge_f1(two, line(5)) == pytest.approx(2 * 0.5 / 1.5)


def test_maps_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="different sizes"):
        edge_f1(line(3), line(3, size=16))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2))
def test_f1_is_symmetric_and_in_range(seed, tolerance):
    rng = np.random.default_rng(seed)
    a, b = (rng.random((2, 12, 12)) > 0.8).astype(np.uint8)
    f1 = edge_f1(a, b, tolerance)
    assert 0 <= f1 <= 1
    assert f1 == edge_f1(b, a, tolerance)
    assert f1 <= edge_f1(a, b, tolerance + 1) + 1e-12


def test_depth_edges_are_jumps_and_not_slopes():
    slope = np.tile(np.linspace(0, 255, 64).astype(np.uint8)[:, None], (1, 64))
    assert not depth_edges(slope).any()
    slope[20:40, 20:40] = 255
    assert depth_edges(slope)[18:42, 18:42].any()


def test_correlation_ignores_scale_and_offset():
    ramp = np.arange(64.0).reshape(8, 8)
    assert correlation(ramp, 3 * ramp + 7) == pytest.approx(1)
    assert correlation(ramp, -ramp) == pytest.approx(-1)
    assert correlation(ramp, np.full((8, 8), 5.0)) == 0


def test_contrast_of_flat_and_of_half_black_half_white():
    assert contrast(np.full((8, 8, 3), 90, np.uint8)) == 0
    halves = np.zeros((8, 8, 3), np.uint8)
    halves[:4] = 255
    assert contrast(halves) == pytest.approx(127.5)
