"""The order of photos is a function of seed and epoch, also for a run that starts in the middle."""

from trl.trainer.utils import RepeatSampler

from joppo.training.trainer.trainers import EpochSampler, equal_rewards


def _order(epoch: float, seed: int = 0) -> list[int]:
    like = RepeatSampler(range(10), mini_repeat_count=2, batch_size=3, repeat_count=2, seed=seed)
    return list(EpochSampler(like, lambda: epoch))


def test_epochs_differ_and_a_fresh_process_has_the_same_order() -> None:
    assert _order(0) == _order(0)
    assert _order(1) == _order(1)
    assert _order(0) != _order(1)
    assert _order(0, seed=1) != _order(0)


def test_fractions_belong_to_their_epoch() -> None:
    assert _order(1.4) == _order(1)
    assert _order(0.9999999999) == _order(1)


def test_groups_and_repeats_are_those_of_trl() -> None:
    order = _order(0)
    assert len(order) == 3 * 3 * 2 * 2
    first = order[:12]
    assert first[:6] == first[6:]
    assert first[0::2][:3] == first[1::2][:3]
    assert len(set(first)) == 3


def test_equal_rewards_are_told_with_their_cause() -> None:
    assert equal_rewards(3, {"frac_reward_zero_std": 0.5}) is None
    assert "no completion could be parsed" in str(
        equal_rewards(3, {"frac_reward_zero_std": 1.0, "parse_rate": 0.0})
    )
    assert "do not differ enough" in str(
        equal_rewards(3, {"frac_reward_zero_std": 1.0, "parse_rate": 1.0})
    )
