import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.synthesis.calibration.separation import Separation, plot_roc

SCORES = st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30).map(np.array)


def test_scores_apart_and_scores_alike():
    apart = Separation("apart", np.array([0.8, 0.9]), np.array([0.1, 0.2]))
    assert (apart.auc, apart.threshold(), apart.kept(0.3), apart.stopped(0.3)) == (1, 0.21, 1, 1)
    assert apart.ratio == pytest.approx(0.85 / 0.15)
    alike = Separation("alike", np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    assert alike.auc == 0.5


@given(SCORES, SCORES)
def test_auc_counts_pairs(own, shuffled):
    wins = (own[:, None] > shuffled).mean() + 0.5 * (own[:, None] == shuffled).mean()
    assert Separation("x", own, shuffled).auc == pytest.approx(wins)


@given(SCORES, SCORES)
def test_the_threshold_stops_what_it_promises(own, shuffled):
    s = Separation("x", own, shuffled)
    assert s.stopped(s.threshold(0.95)) >= 0.95


@given(SCORES, SCORES)
def test_the_area_under_the_curve_is_the_auc(own, shuffled):
    s = Separation("x", own, shuffled)
    x, y = s.roc()
    assert (x[-1], y[-1]) == (1, 1)
    assert np.trapezoid(y, x) == pytest.approx(s.auc)


def test_the_plot_is_a_picture(tmp_path):
    rng = np.random.default_rng(0)
    plot_roc([Separation("a", rng.random(9), rng.random(9) / 2)], str(tmp_path / "roc.png"))
    assert (tmp_path / "roc.png").read_bytes().startswith(b"\x89PNG")
