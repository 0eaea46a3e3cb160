"""The simulated judges and the arithmetic of the study on them."""

import numpy as np
import pytest

from benchmarks.covariance_report import arm, refresh_tables
from benchmarks.covariance_study import METRICS, THURSTONE, Job, paired, summarise
from benchmarks.simulated_judge import Setting, World, draw, score_function
from joppo.training.rewards.joint import JointRewardConfig

DENSITIES = {
    "normal": lambda x: np.exp(-(x**2) / 2),
    "heavy": lambda x: (1 + x**2) ** -2.0,
    "bimodal": lambda x: (
        np.exp(-((x - 0.9) ** 2) / 2 / 0.19) + np.exp(-((x + 0.9) ** 2) / 2 / 0.19)
    ),
}


@pytest.mark.parametrize("tails", DENSITIES)
def test_score_function_is_the_slope_of_the_log_density(tails: str) -> None:
    x, h = np.linspace(-3, 3, 41), 1e-5
    log = lambda value: np.log(DENSITIES[tails](value))  # noqa: E731
    np.testing.assert_allclose(
        score_function(x, tails), -(log(x + h) - log(x - h)) / (2 * h), atol=1e-6
    )


@pytest.mark.parametrize("tails", DENSITIES)
def test_noise_has_unit_variance_and_its_score_has_mean_one_against_it(tails: str) -> None:
    noise = draw(np.random.default_rng(0), tails, (200_000,))
    if tails != "heavy":
        assert noise.var() == pytest.approx(1, abs=0.01)
    # Stein: E[score * noise] = 1 for every density.
    assert (score_function(noise, tails) * noise).mean() == pytest.approx(1, abs=0.02)


def test_truth_measures_perfect_and_training_teaches_the_total() -> None:
    world = World(Setting(steps=30), seed=0)
    perfect = world.measure(np.vstack([world.truth, world.opinion[None]]))
    assert perfect["total"] == perfect["attribute"] == pytest.approx(1)
    assert perfect["halo"] == pytest.approx(0)
    before, after = world.measure(world.first), world.train(THURSTONE)
    assert after["total"] > before["total"] + 0.2
    assert world.train(THURSTONE) == after


def test_gains_are_paired_by_world() -> None:
    assert paired(np.array([0.1, 0.3, 0.2, 0.2])) == pytest.approx((0.2, 3.182 * 0.0816497 / 2))
    results = {
        THURSTONE: [0.1, 0.5, 0.9, 0.5],
        JointRewardConfig(): [0.2, 0.6, 1.0, 0.6],
    }
    done = [
        (Job("base", config, seed), dict.fromkeys(METRICS, value))
        for config, values in results.items()
        for seed, value in enumerate(values)
    ]
    rows = {arm(row): row for row in summarise(done)}
    ours = rows["pooled, w = 0.5"]
    assert ours["total"] == 0.6
    assert (ours["total_gain"], ours["total_half_width"]) == (0.1, 0.0)


def test_a_page_without_places_for_the_tables_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="no place for the table 'grid'"):
        refresh_tables([], page)
