"""Each figure of the reward's health must move when, and only when, its cause is there."""

import math
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))

from joppo.training.rewards.health import health
from joppo.training.rewards.health_plot import plot_health
from joppo.training.rewards.joint import PAPER, JointRewardConfig, joint_fidelity


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def judged(
    photos: int = 40, coupling: float = 0.6, halo: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, attributes and MOS of a fair judge; `halo` mixes the MOS into every attribute."""
    mos = torch.linspace(0, 1, photos, dtype=torch.float64)
    own = normal(photos, 6, 4)
    level = normal(photos, 1, 4, seed=1) * (1 - halo) + halo * 4 * (mos[:, None, None] - 0.5)
    attributes = (0.15 * level + 0.1 * own).clamp(-1, 1)
    noise = coupling * own.mean(dim=2) * 2 + (1 - coupling**2) ** 0.5 * normal(photos, 6, seed=2)
    scores = (0.25 + 0.5 * mos[:, None] + 0.05 * noise).clamp(0, 1)
    return scores, attributes, mos


def figures(batch: tuple[Tensor, Tensor, Tensor], config: JointRewardConfig) -> dict[str, float]:
    return health(*batch, joint_fidelity(*batch, config), config)


def test_a_fair_judge_is_healthy() -> None:
    found = figures(judged(), JointRewardConfig())
    assert all(isinstance(value, float) and math.isfinite(value) for value in found.values())
    assert found["parsed"] == 1
    assert found["zero_spread_groups"] == 0
    assert found["score_spread"] == pytest.approx(0.05, rel=0.1)
    assert found["attribute_spread"] == pytest.approx(0.1, rel=0.1)
    assert 3.5 < found["effective_rank"] <= 4
    assert found["condition"] < 3
    assert found["shrinkage"] == 0
    assert abs(found["skew"]) < 0.5 and abs(found["excess_kurtosis"]) < 1
    assert found["normality_p"] > 0.01
    assert found["coupling_r2"] == pytest.approx(0.36, abs=0.12)
    assert found["coupling_r2_by_chance"] == pytest.approx(4 / 200)
    assert found["score_mos_srcc"] > 0.95
    assert abs(found["reward_mos_srcc"]) < 0.5
    assert abs(found["attribute_correlation"]) < 0.2


def test_unparsed_and_equal_candidates_are_counted() -> None:
    scores, attributes, mos = judged()
    scores[:10, 0] = math.nan
    attributes[5:20, 1, 2] = math.nan
    found = figures((scores, attributes, mos), JointRewardConfig())
    assert found["parsed"] == pytest.approx(1 - 25 / 240)
    assert found["zero_spread_groups"] == 0
    scores, attributes, mos = judged()
    scores[:8], attributes[:8] = scores[:8, :1], attributes[:8, :1]
    assert figures((scores, attributes, mos), JointRewardConfig())["zero_spread_groups"] == 0.2


def test_one_direction_of_attributes_has_effective_rank_1() -> None:
    scores, attributes, mos = judged()
    attributes = attributes[..., :1].expand_as(attributes)
    found = figures((scores, attributes, mos), JointRewardConfig())
    assert found["effective_rank"] == pytest.approx(1, abs=1e-6)
    assert found["condition"] > 1e4
    shrunk = figures((scores, attributes, mos), JointRewardConfig(shrinkage=0.5))
    assert shrunk["effective_rank"] > 2 and shrunk["condition"] < 10
    assert shrunk["shrinkage"] == 0.5


def test_the_papers_letter_interpolates_and_saturates() -> None:
    # Five attributes and six candidates: the win rates become a step.
    scores, attributes, mos = judged()
    attributes = torch.cat([attributes, 0.2 * normal(40, 6, 1, seed=5)], dim=-1).clamp(-1, 1)
    letter = figures((scores, attributes, mos), PAPER)
    assert letter["saturated_win_rates"] > 0.9
    assert figures((scores, attributes, mos), JointRewardConfig())["saturated_win_rates"] < 0.9


def test_shrinkage_chosen_per_photo_is_reported() -> None:
    found = figures(judged(), JointRewardConfig("image", "oas"))
    assert 0.5 < found["shrinkage"] <= 1


def test_heavy_tails_and_skew_are_seen() -> None:
    scores, attributes, mos = judged()
    scores = (scores + (normal(40, 6, seed=3) > 2) * 0.3).clamp(0, 1)
    found = figures((scores, attributes, mos), JointRewardConfig())
    assert found["skew"] > 1 and found["excess_kurtosis"] > 1
    assert found["normality_p"] < 1e-6


def test_coupling_is_zero_and_one_at_its_ends() -> None:
    _, attributes, mos = judged()
    exact = (0.5 + attributes.mean(dim=2) / 2, attributes, mos)
    assert figures(exact, JointRewardConfig())["coupling_r2"] == pytest.approx(1)
    free = (0.5 + 0.05 * normal(40, 6, seed=7), attributes, mos)
    assert figures(free, JointRewardConfig())["coupling_r2"] < 0.06


def test_halo_shows_as_correlated_attributes() -> None:
    assert figures(judged(halo=0.8), JointRewardConfig())["attribute_correlation"] > 0.7


def test_a_reward_that_follows_mos_is_seen() -> None:
    scores, attributes, mos = judged()
    found = health(scores, attributes, mos, mos[:, None].expand(40, 6))
    assert found["reward_mos_srcc"] == pytest.approx(1)
    assert found["zero_spread_groups"] == 1
    assert math.isnan(found["score_reward_correlation"])


@pytest.mark.parametrize("config", [JointRewardConfig(), PAPER], ids=str)
def test_too_little_to_tell_is_nan_not_an_error(config: JointRewardConfig) -> None:
    scores, attributes, mos = judged(photos=1)
    keys = set(figures(judged(), config))
    small = figures((scores[:, :1], attributes[:, :1], mos), config)
    assert set(small) == keys and math.isnan(small["score_mos_srcc"])
    gone = torch.full_like(scores, math.nan)
    dead = figures((gone, attributes, mos), config)
    assert set(dead) == keys and dead["parsed"] == 0
    bare = figures((scores, attributes[..., :0], mos), config)
    assert set(bare) == keys and math.isnan(bare["effective_rank"])


def test_rewards_of_another_shape_are_refused() -> None:
    scores, attributes, mos = judged()
    with pytest.raises(ValueError, match="rewards must have shape"):
        health(scores, attributes, mos, torch.zeros(3))


def test_the_plot_is_written(tmp_path: Path) -> None:
    history = [figures(judged(halo=halo), JointRewardConfig()) for halo in (0.0, 0.4, 0.8)]
    plot_health(history, tmp_path / "health.svg")
    drawn = (tmp_path / "health.svg").read_text()
    assert drawn.startswith("<?xml") and len(drawn) > 10_000
    with pytest.raises(ValueError, match="no figures"):
        plot_health([], tmp_path / "none.svg")
