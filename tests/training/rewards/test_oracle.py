"""The fast rewards against the slow ones, and against values worked out by hand."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings

from joppo.training.rewards import fidelity
from joppo.training.rewards.joint import JointRewardConfig, joint_fidelity, thurstone_fidelity
from tests.training.rewards import reward_oracle as oracle
from tests.training.rewards.reward_cases import Batch, batches, configs, random_batch

RELAXED = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def slow(batch: Batch, config: JointRewardConfig) -> torch.Tensor:
    values = oracle.joint(
        batch.scores.tolist(),
        batch.attributes.tolist(),
        batch.mos.tolist(),
        config.covariance,
        config.shrinkage,
        config.ridge,
        config.gamma,
        config.conditional_weight,
    )
    return torch.tensor(values, dtype=torch.float64)


@RELAXED
@given(batches(), configs)
def test_joint_reward_is_the_oracles(batch: Batch, config: JointRewardConfig) -> None:
    fast = joint_fidelity(*batch, config)
    torch.testing.assert_close(fast, slow(batch, config), rtol=0, atol=1e-9)


@pytest.mark.parametrize("covariance", ["image", "pooled", "batch"])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "oas", "ledoit_wolf"])
def test_joint_reward_is_the_oracles_at_the_papers_size(
    covariance: str, shrinkage: float | str
) -> None:
    # k - 1 = d: the regression inside one photo interpolates and only the ridge is left.
    scores, attributes, mos = random_batch(5, 6, 5, seed=3)
    scores[1, 2] = attributes[3, 0, 4] = math.nan
    batch = Batch(scores, attributes, mos)
    config = JointRewardConfig(covariance, shrinkage, conditional_weight=1.0)  # type: ignore[arg-type]
    torch.testing.assert_close(
        joint_fidelity(*batch, config), slow(batch, config), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("covariance", ["image", "pooled", "batch"])
def test_nearly_collinear_attributes_keep_nine_decimals(covariance: str) -> None:
    # Eigenvalues of the size of the ridge, where normal equations alone lose most digits.
    _, attributes, mos = random_batch(4, 6, 3, seed=9)
    attributes[..., 1] = attributes[..., 0] * 0.999 + 1e-3 * attributes[..., 1]
    scores = (0.5 + 10 * (attributes[..., 0] - attributes[..., 1])).clamp(0, 1)
    batch = Batch(scores, attributes, mos)
    config = JointRewardConfig(covariance, conditional_weight=1.0)  # type: ignore[arg-type]
    torch.testing.assert_close(
        joint_fidelity(*batch, config), slow(batch, config), rtol=0, atol=1e-9
    )


@RELAXED
@given(batches(size=0))
@pytest.mark.parametrize("opponent", ["mean", "candidate"])
@pytest.mark.parametrize("gamma", [0.0, 1e-6])
def test_thurstone_reward_is_the_oracles(opponent: str, gamma: float, batch: Batch) -> None:
    fast = thurstone_fidelity(batch.scores, batch.mos, gamma, opponent)  # type: ignore[arg-type]
    values = oracle.thurstone(batch.scores.tolist(), batch.mos.tolist(), gamma, opponent)
    expected = torch.tensor(values, dtype=torch.float64)
    torch.testing.assert_close(fast, expected, rtol=0, atol=1e-9)


def test_large_batches_in_many_blocks_are_the_oracles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fidelity.BLOCK_ENTRIES, "cpu", (64, 64))
    scores, attributes, mos = random_batch(11, 2, 2, seed=1)
    mos = (mos * 5).round() / 5
    scores[4] = math.nan
    batch = Batch(scores, attributes, mos)
    for config in (JointRewardConfig(), JointRewardConfig("image", gamma=0.0)):
        torch.testing.assert_close(
            joint_fidelity(*batch, config), slow(batch, config), rtol=0, atol=1e-9
        )


def phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def close(actual: torch.Tensor, expected: list[list[float]]) -> None:
    torch.testing.assert_close(
        actual, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-12
    )


def test_by_hand_thurstone_of_two_photos() -> None:
    # Means .7 and .3, sample variances .02 and .08: z = (s - other mean) / sqrt(.1).
    scores = torch.tensor([[0.6, 0.8], [0.1, 0.5]], dtype=torch.float64)
    mos = torch.tensor([0.9, 0.2], dtype=torch.float64)
    root = math.sqrt(0.1)
    expected = [
        [math.sqrt(phi(0.3 / root)), math.sqrt(phi(0.5 / root))],
        [math.sqrt(phi(0.6 / root)), math.sqrt(phi(0.2 / root))],
    ]
    close(thurstone_fidelity(scores, mos, gamma=0.0), expected)
    pairs = [
        [
            (phi(0.5 / root) ** 0.5 + phi(0.1 / root) ** 0.5) / 2,
            (phi(0.7 / root) ** 0.5 + phi(0.3 / root) ** 0.5) / 2,
        ],
        [
            (phi(0.5 / root) ** 0.5 + phi(0.7 / root) ** 0.5) / 2,
            (phi(0.1 / root) ** 0.5 + phi(0.3 / root) ** 0.5) / 2,
        ],
    ]
    close(thurstone_fidelity(scores, mos, gamma=0.0, opponent="candidate"), pairs)


def test_by_hand_tie_uses_both_branches() -> None:
    scores = torch.tensor([[0.6, 0.8], [0.1, 0.5]], dtype=torch.float64)
    mos = torch.tensor([0.5, 0.5], dtype=torch.float64)
    root = math.sqrt(0.1)

    def tie(z: float) -> float:
        return math.sqrt(phi(z) / 2) + math.sqrt(phi(-z) / 2)

    expected = [[tie(0.3 / root), tie(0.5 / root)], [tie(-0.6 / root), tie(-0.2 / root)]]
    close(thurstone_fidelity(scores, mos, gamma=0.0), expected)


def test_by_hand_zero_denominator_is_a_step() -> None:
    # p = 1, 1/2, 0 by the sign; the photo with equal totals draws: sqrt(1/2).
    scores = torch.tensor([[0.7], [0.7], [0.2]], dtype=torch.float64)
    mos = torch.tensor([0.9, 0.5, 0.6], dtype=torch.float64)
    half = math.sqrt(0.5)
    expected = [[(half + 1) / 2], [(half + 0) / 2], [(1 + 0) / 2]]
    close(thurstone_fidelity(scores, mos, gamma=0.0), expected)
    joint = joint_fidelity(
        scores, torch.zeros(3, 1, 2), mos, JointRewardConfig(gamma=0.0, ridge=0.0)
    )
    close(joint, expected)


CORNERS = torch.tensor(
    [[[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]] * 2, dtype=torch.float64
)


@pytest.mark.parametrize("covariance", ["image", "pooled"])
def test_by_hand_conditional_of_an_orthogonal_design(covariance: str) -> None:
    # Attributes on the corners of a square: Sigma_AA = I/3. Totals .5 + .2 a1 + e with e = +-.1
    # orthogonal to both: beta = (.2, 0), mu = .4 or .6, variance 4 * .01 / 3.
    noise = torch.tensor([0.1, -0.1, -0.1, 0.1], dtype=torch.float64)
    scores = 0.5 + 0.2 * CORNERS[..., 0] + noise
    scores[1] -= 0.3
    mos = torch.tensor([0.8, 0.3], dtype=torch.float64)
    root = math.sqrt(2 * 0.04 / 3)
    high, low = phi(0.3 / root) ** 0.5, phi(0.5 / root) ** 0.5
    below = phi(0.1 / root) ** 0.5
    up, down = (high + low) / 2, (high + below) / 2
    config = JointRewardConfig(covariance, ridge=0.0, gamma=0.0, conditional_weight=1.0)  # type: ignore[arg-type]
    expected = [[down, down, up, up], [up, up, down, down]]
    close(joint_fidelity(scores, CORNERS, mos, config), expected)


def test_by_hand_shrinkage_ridge_and_gamma() -> None:
    # One attribute, Sigma_AA = .5, Sigma_AS = .15, Sigma_SS = .045; lambda = .2 and ridge = .1
    # give beta = .8 * .15 / .6 = .2 and variance .045 - .12 * .2 = .021.
    attributes = torch.tensor([[[-0.5], [0.5]], [[-0.5], [0.5]]], dtype=torch.float64)
    scores = torch.tensor([[0.6, 0.9], [0.1, 0.4]], dtype=torch.float64)
    mos = torch.tensor([0.2, 0.7], dtype=torch.float64)
    root = math.sqrt(2 * 0.021 + 0.01)
    same, far, near = (phi(-x / root) ** 0.5 for x in (0.5, 0.7, 0.3))
    config = JointRewardConfig("image", 0.2, ridge=0.1, gamma=0.01, conditional_weight=1.0)
    expected = [[(same + near) / 2, (far + same) / 2], [(far + same) / 2, (same + near) / 2]]
    close(joint_fidelity(scores, attributes, mos, config), expected)


def test_by_hand_batch_covariance_reads_differences_between_photos() -> None:
    # Nothing varies inside a photo; over the batch the total is .5 + .3 a without residual.
    attributes = torch.tensor([[[-1.0]] * 2, [[1.0]] * 2], dtype=torch.float64)
    scores = torch.tensor([[0.2, 0.2], [0.8, 0.8]], dtype=torch.float64)
    mos = torch.tensor([0.1, 0.9], dtype=torch.float64)
    config = JointRewardConfig("batch", ridge=0.0, gamma=0.09, conditional_weight=1.0)
    value = phi(0.6 / 0.3) ** 0.5
    close(joint_fidelity(scores, attributes, mos, config), [[value] * 2] * 2)


def test_by_hand_interpolation_ignores_the_attributes() -> None:
    # k - 1 = d without ridge: mu_{S|a} = s and sigma^2 = 0, a step of the raw totals.
    scores, attributes, mos = random_batch(6, 4, 3, seed=5)
    config = JointRewardConfig("image", ridge=0.0, gamma=1e-4, conditional_weight=1.0)
    z = (scores[:, :, None, None] - scores[None, None]) / 1e-2
    sign = torch.sign(mos[:, None] - mos[None, :])[:, None, :, None]
    table = (0.5 * torch.erfc(-sign * z / 2**0.5)).sqrt().mean(dim=3)
    table[torch.arange(6), :, torch.arange(6)] = 0
    expected = table.sum(dim=2) / 5
    torch.testing.assert_close(
        joint_fidelity(scores, attributes, mos, config), expected, rtol=0, atol=1e-10
    )
