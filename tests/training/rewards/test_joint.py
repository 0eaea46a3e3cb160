"""What the rewards promise beyond their values: invariances, ranges, edge cases, gradients."""

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from joppo.training.rewards.joint import (
    DEFAULT,
    PAPER,
    JointRewardConfig,
    absolute_error,
    conditional_moments,
    gaussian_error,
    group_advantage,
    joint_fidelity,
    joint_parts,
    relative_absolute,
    thurstone_fidelity,
    win_rates,
)
from tests.paths import ROOT
from tests.training.rewards.reward_cases import Batch, batches, configs, random_batch

RELAXED = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
EVERY = [
    JointRewardConfig(covariance, shrinkage, gamma=gamma, conditional_weight=weight)  # type: ignore[arg-type]
    for covariance in ("image", "pooled", "batch")
    for shrinkage in (0.0, 0.3, 1.0, "oas", "ledoit_wolf")
    for gamma in (0.0, 1e-6)
    for weight in (0.5, 1.0)
]


def same(actual: Tensor, expected: Tensor, atol: float = 1e-10) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


@RELAXED
@given(batches(photos=6), configs, st.randoms(use_true_random=False))
def test_order_of_photos_and_candidates_is_irrelevant(batch, config, random) -> None:  # type: ignore[no-untyped-def]
    scores, attributes, mos = batch
    reward = joint_fidelity(*batch, config)
    photos = random.sample(range(len(mos)), len(mos))
    moved = joint_fidelity(scores[photos], attributes[photos], mos[photos], config)
    same(moved, reward[photos])
    turn = random.sample(range(scores.shape[1]), scores.shape[1])
    same(joint_fidelity(scores[:, turn], attributes[:, turn], mos, config), reward[:, turn])


@RELAXED
@given(batches(photos=6), configs, st.sampled_from([-1.0, 0.1, 0.7]))
def test_constant_attributes_change_nothing(
    batch: Batch, config: JointRewardConfig, value: float
) -> None:
    scores, attributes, mos = batch
    if attributes.shape[-1] == 0:
        return
    constant = torch.full((*scores.shape, 2), value, dtype=torch.float64)
    wider = torch.cat([constant[..., :1], attributes, constant[..., 1:]], dim=-1)
    same(joint_fidelity(scores, wider, mos, config), joint_fidelity(*batch, config))


@RELAXED
@given(batches(photos=6), configs)
def test_only_the_order_of_mos_matters(batch: Batch, config: JointRewardConfig) -> None:
    scores, attributes, mos = batch
    reward = joint_fidelity(*batch, config)
    for relabelled in (mos**3, mos / 7 + 0.2, torch.unique(mos, return_inverse=True)[1] / len(mos)):
        assert torch.equal(joint_fidelity(scores, attributes, relabelled, config), reward)


@RELAXED
@given(batches(photos=6), configs)
def test_rewards_lie_between_0_and_1(batch: Batch, config: JointRewardConfig) -> None:
    for reward in (
        joint_fidelity(*batch, config),
        thurstone_fidelity(batch.scores, batch.mos, opponent="candidate"),
        absolute_error(batch.scores, batch.mos),
        relative_absolute(batch.scores, batch.mos),
    ):
        assert reward.shape == batch.scores.shape
        assert reward.dtype == torch.float64
        assert ((reward >= 0) & (reward <= 1)).all()


@RELAXED
@given(batches(photos=5, gaps=False), configs)
def test_win_rates_both_ways_add_to_1(batch: Batch, config: JointRewardConfig) -> None:
    valid = torch.ones_like(batch.scores, dtype=torch.bool)
    if batch.attributes.shape[-1] == 0:
        return
    moments = conditional_moments(
        *batch[:2], valid, covariance=config.covariance, shrinkage=config.shrinkage
    )
    rates = win_rates(moments.mean, moments.variance, config.gamma)
    same(rates + rates.permute(2, 3, 0, 1), torch.ones_like(rates), atol=1e-15)


def test_win_rates_are_exact_in_the_far_tail() -> None:
    mean = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    rates = win_rates(mean, torch.tensor([0.0], dtype=torch.float64), gamma=1 / 900)
    assert rates[0, 0, 1, 0].item() == pytest.approx(4.906713927148187e-198, rel=1e-12)
    assert rates[1, 0, 0, 0] == 1


@pytest.mark.parametrize("config", EVERY, ids=str)
def test_rewards_are_the_means_of_the_win_rates_fidelity(config: JointRewardConfig) -> None:
    scores, attributes, mos = random_batch(5, 4, 3)
    parts = joint_parts(scores, attributes, mos, config)
    valid = torch.ones_like(scores, dtype=torch.bool)
    moments = conditional_moments(
        scores, attributes, valid, covariance=config.covariance, shrinkage=config.shrinkage
    )
    rates = win_rates(moments.mean, moments.variance, config.gamma)
    better = (mos[:, None] > mos[None])[:, None, :, None]
    table = torch.where(better, rates, rates.permute(2, 3, 0, 1)).sqrt().mean(dim=3)
    table[torch.arange(5), :, torch.arange(5)] = 0
    assert parts.conditional is not None
    same(parts.conditional, table.sum(dim=2) / 4)
    thurstone = thurstone_fidelity(scores, mos, config.gamma)
    weight = config.conditional_weight
    same(parts.reward, weight * parts.conditional + (1 - weight) * thurstone)


@pytest.mark.parametrize("covariance", ["image", "pooled", "batch"])
def test_full_shrinkage_makes_the_conditional_part_constant_in_a_group(covariance: str) -> None:
    scores, attributes, mos = random_batch(6, 5, 3)
    config = JointRewardConfig(covariance, 1.0)  # type: ignore[arg-type]
    conditional = joint_parts(scores, attributes, mos, config).conditional
    assert conditional is not None
    same(conditional, conditional[:, :1].expand_as(conditional), atol=1e-15)


def test_without_attributes_the_reward_is_thurstones() -> None:
    scores, _, mos = random_batch(6, 5, 0)
    for config in (DEFAULT, PAPER):
        parts = joint_parts(scores, torch.empty(6, 5, 0), mos, config)
        assert parts.conditional is None
        assert torch.equal(parts.reward, thurstone_fidelity(scores, mos))


def test_the_presets_are_the_papers_letter_and_the_studys_winner() -> None:
    assert JointRewardConfig("image", 0.0, 1e-6, 1e-6, 1.0) == PAPER
    assert JointRewardConfig("pooled", 0.0, 1e-6, 1e-6, 0.5) == JointRewardConfig() == DEFAULT


def test_invalid_candidates_get_0_and_leave_no_trace() -> None:
    scores, attributes, mos = random_batch(5, 6, 4)
    gaps = scores.clone(), attributes.clone()
    gaps[0][1, 5] = math.nan
    gaps[1][2, 5, 3] = math.nan
    gaps[0][:, 5] = gaps[0][:, 5].where(torch.tensor([False, True, True, False, False]), math.nan)
    for config in EVERY:
        reward = joint_fidelity(*gaps, mos, config)
        assert (reward[:, 5] == 0).all()
        same(reward[:, :5], joint_fidelity(scores[:, :5], attributes[:, :5], mos, config), 1e-12)


def test_a_photo_without_valid_candidates_is_nobodys_opponent() -> None:
    scores, attributes, mos = random_batch(5, 4, 2)
    scores[2] = math.nan
    rest = [0, 1, 3, 4]
    for config in EVERY:
        reward = joint_fidelity(scores, attributes, mos, config)
        assert (reward[2] == 0).all()
        alone = joint_fidelity(scores[rest], attributes[rest], mos[rest], config)
        same(reward[rest], alone, 1e-12)


@pytest.mark.parametrize("config", EVERY, ids=str)
def test_nothing_to_compare_with_gives_0(config: JointRewardConfig) -> None:
    scores, attributes, mos = random_batch(3, 4, 2)
    zeros = torch.zeros(3, 4, dtype=torch.float64)
    assert torch.equal(joint_fidelity(scores[:1], attributes[:1], mos[:1], config), zeros[:1])
    gone = torch.full_like(scores, math.nan)
    assert torch.equal(joint_fidelity(gone, attributes, mos, config), zeros)
    gone[1] = scores[1]
    assert torch.equal(joint_fidelity(gone, attributes, mos, config), zeros)


@pytest.mark.parametrize("config", EVERY, ids=str)
def test_one_candidate_per_photo_is_defined(config: JointRewardConfig) -> None:
    scores, attributes, mos = random_batch(4, 1, 2)
    reward = joint_fidelity(scores, attributes, mos, config)
    assert torch.isfinite(reward).all()
    if config.covariance != "batch" and config.gamma == 0:
        # Without any variance, the share of opponents that the order of totals gets right.
        right = (scores > scores.T) == (mos[:, None] > mos)
        expected = (right.double().sum(dim=1) - right.diagonal().double()) / 3
        same(reward[:, 0], expected)


@pytest.mark.parametrize("config", EVERY[::4], ids=str)
def test_gradients_are_those_of_finite_differences(config: JointRewardConfig) -> None:
    scores, attributes, mos = random_batch(3, 3, 2, seed=2)
    scores, attributes = 0.3 + 0.4 * scores, 0.8 * attributes
    mos[1] = mos[2]
    # A narrow Gaussian makes third derivatives huge; a wide gamma keeps differences meaningful.
    config = JointRewardConfig(config.covariance, config.shrinkage, 1e-2, 1e-2)

    def reward(s: Tensor, a: Tensor) -> Tensor:
        return joint_fidelity(s, a, mos, config)

    inputs = scores.requires_grad_(), attributes.requires_grad_()
    assert torch.autograd.gradcheck(reward, inputs, eps=1e-6, atol=1e-6)


@RELAXED
@given(batches(photos=5), configs, st.booleans())
def test_gradients_are_finite_everywhere(
    batch: Batch, config: JointRewardConfig, no_ridge: bool
) -> None:
    if no_ridge:
        config = JointRewardConfig(config.covariance, config.shrinkage, 0.0, config.gamma, 1.0)
    scores, attributes = batch.scores.requires_grad_(), batch.attributes.requires_grad_()
    reward = joint_fidelity(scores, attributes, batch.mos, config)
    same(reward.detach(), joint_fidelity(scores.detach(), attributes.detach(), batch.mos, config))
    weights = torch.linspace(1, 2, reward.numel(), dtype=torch.float64).reshape(reward.shape)
    if reward.requires_grad:
        (reward * weights).sum().backward()
    for given_ in (scores, attributes):
        assert given_.grad is None or torch.isfinite(given_.grad).all()


def test_gradients_survive_saturated_win_rates() -> None:
    scores = torch.tensor([[0.0, 0.0], [1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    reward = thurstone_fidelity(scores, torch.tensor([1.0, 0.0]), gamma=1e-12)
    reward.sum().backward()
    assert torch.equal(reward.detach(), torch.zeros(2, 2, dtype=torch.float64))
    assert scores.grad is not None and torch.equal(scores.grad, torch.zeros_like(scores))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_inside_all_is_float64(dtype: torch.dtype) -> None:
    scores, attributes, mos = (x.to(dtype) for x in random_batch(6, 4, 3))
    reward = joint_fidelity(scores, attributes, mos)
    assert torch.equal(reward, joint_fidelity(scores.double(), attributes.double(), mos.double()))


@pytest.mark.parametrize(
    ("scores", "attributes", "mos", "message"),
    [
        ((4,), (4, 2), (4,), r"scores must have shape \(B, k\)"),
        ((4, 0), (4, 0, 2), (4,), "at least one photo and one candidate"),
        ((0, 3), (0, 3, 2), (0,), "at least one photo and one candidate"),
        ((4, 3), (4, 3), (4,), r"attributes must have shape \(B, k, d\)"),
        ((4, 3), (4, 2, 5), (4,), r"attributes must have shape \(B, k, d\)"),
        ((4, 3), (3, 4, 5), (4,), r"attributes must have shape \(B, k, d\)"),
        ((4, 3), (4, 3, 2), (4, 1), r"mos must have shape \(B,\)"),
        ((4, 3), (4, 3, 2), (3,), r"mos must have shape \(B,\)"),
    ],
)
def test_wrong_shapes_are_refused(scores, attributes, mos, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        joint_fidelity(torch.zeros(scores), torch.zeros(attributes), torch.zeros(mos))


@pytest.mark.parametrize("value", [-0.01, 1.01, math.inf, -math.inf])
@pytest.mark.parametrize("which", ["scores", "attributes", "mos"])
def test_values_out_of_range_are_refused(which: str, value: float) -> None:
    batch = random_batch(3, 2, 2)
    if which == "attributes" and math.isfinite(value):
        value *= 110
    getattr(batch, which).view(-1)[1] = value
    with pytest.raises(ValueError, match=rf"{which} must lie in \[-?\d, 1\], got"):
        joint_fidelity(*batch)
    if which != "attributes":
        for other in (thurstone_fidelity, absolute_error, gaussian_error, relative_absolute):
            with pytest.raises(ValueError, match=which):
                other(batch.scores, batch.mos)


def test_other_faults_are_refused() -> None:
    scores, attributes, mos = random_batch(3, 2, 2)
    with pytest.raises(ValueError, match="mos holds NaN"):
        joint_fidelity(scores, attributes, torch.full_like(mos, math.nan))
    with pytest.raises(TypeError, match="scores must be a torch tensor, got list"):
        joint_fidelity(scores.tolist(), attributes, mos)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="real numbers"):
        joint_fidelity(scores.to(torch.complex128), attributes, mos)
    with pytest.raises(ValueError, match="opponent must be"):
        thurstone_fidelity(scores, mos, opponent="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gamma"):
        thurstone_fidelity(scores, mos, gamma=-1e-6)
    with pytest.raises(ValueError, match="threshold"):
        absolute_error(scores, mos, threshold=0)
    with pytest.raises(ValueError, match="width"):
        gaussian_error(scores, mos, width=0)
    with pytest.raises(ValueError, match="relative_weight"):
        relative_absolute(scores, mos, relative_weight=1.5)


@pytest.mark.parametrize(
    "bad",
    [
        {"covariance": "photo"},
        {"shrinkage": "lw"},
        {"shrinkage": -0.1},
        {"shrinkage": 1.1},
        {"shrinkage": math.nan},
        {"ridge": -1e-6},
        {"ridge": 1e-13},
        {"ridge": math.nan},
        {"gamma": -1e-6},
        {"gamma": math.inf},
        {"conditional_weight": 1.2},
    ],
    ids=str,
)
def test_impossible_configs_are_refused(bad: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        JointRewardConfig(**bad)


def test_baselines_by_hand() -> None:
    scores = torch.tensor([[0.5, 0.58, 0.6, math.nan]], dtype=torch.float64)
    mos = torch.tensor([0.5], dtype=torch.float64)
    assert absolute_error(scores, mos).tolist() == [[1, 1, 0, 0]]
    expected = [[1, math.exp(-0.32), math.exp(-0.5), 0]]
    same(gaussian_error(scores, mos), torch.tensor(expected, dtype=torch.float64), 1e-12)
    batch = random_batch(4, 3, 0)
    mixed = relative_absolute(batch.scores, batch.mos, relative_weight=0.25)
    ranking, regression = thurstone_fidelity(*batch[::2]), gaussian_error(*batch[::2])
    same(mixed, 0.25 * ranking + 0.75 * regression, 1e-15)


def test_advantage_by_hand() -> None:
    rewards = torch.tensor([[0.1, 0.3, 0.8], [0.5, 0.5, 0.5]], dtype=torch.float64)
    spread = math.sqrt((0.3**2 + 0.1**2 + 0.4**2) / 2) + 1e-4
    expected = [[-0.3 / spread, -0.1 / spread, 0.4 / spread], [0, 0, 0]]
    same(group_advantage(rewards), torch.tensor(expected, dtype=torch.float64), 1e-12)
    assert group_advantage(torch.tensor([[0.7]])).tolist() == [[0.0]]
    # Equal up to rounding: the epsilon keeps noise small.
    noise = torch.tensor([[0.5, 0.5 + 1e-16, 0.5 - 1e-16]], dtype=torch.float64)
    assert group_advantage(noise).abs().max() < 1e-11


def test_advantage_has_finite_gradients_and_refuses_nan() -> None:
    rewards = torch.full((2, 3), 0.5, dtype=torch.float64, requires_grad=True)
    group_advantage(rewards)[0, 0].backward()
    assert rewards.grad is not None and torch.isfinite(rewards.grad).all()
    with pytest.raises(ValueError, match="finite"):
        group_advantage(torch.tensor([[0.5, math.nan]]))
    with pytest.raises(ValueError, match="shape"):
        group_advantage(torch.zeros(3))
    with pytest.raises(ValueError, match="eps"):
        group_advantage(torch.zeros(2, 3), eps=0)


GROWTH = """
import resource, torch
from joppo.training.rewards.joint import DEFAULT, PAPER, joint_fidelity


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(photos, gradient):
    scores = torch.rand(photos, 16, requires_grad=gradient)
    attributes = 2 * torch.rand(photos, 16, 5) - 1
    for config in (DEFAULT, PAPER):
        reward = joint_fidelity(scores, attributes, torch.rand(photos), config)
        if gradient:
            reward.sum().backward()


torch.manual_seed(0)
for photos, gradient in ((256, False), (96, True)):
    run(4, gradient)
    before = peak()
    run(photos, gradient)
    print(peak() - before)
"""


def test_memory_stays_far_below_one_table_of_all_pairs() -> None:
    run = [sys.executable, "-c", GROWTH]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, check=True)
    value, gradient = (float(line) for line in done.stdout.split())
    # One table of float64 for all pairs of candidates takes 128 and 18 MiB; autograd keeps several.
    assert value < 32, f"256 photos grew the process by {value} MiB"
    assert gradient < 36, f"the gradient of 96 photos grew the process by {gradient} MiB"
