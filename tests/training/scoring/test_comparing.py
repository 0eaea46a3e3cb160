"""Win probabilities of two photos from drawn answers."""

import math

import pytest
from scipy.stats import norm

from joppo.data.questions.answer_format import completion, format_score
from joppo.training.judges.judge import Reply
from joppo.training.judges.parse_reply import read_reply
from joppo.training.rewards.joint import JointRewardConfig
from joppo.training.scoring.comparing import NoComparisonError, compare, compare_replies
from tests.training.judges.asking import FORM, NAMES, questions
from tests.training.scoring.judging_by_eye import EyeJudge


def reply(total: float, shift: float = 0.0) -> Reply:
    values = {name: round(total * (i + 1) / 6 + shift, 2) for i, name in enumerate(NAMES)}
    return read_reply(completion("words", format_score(total, values)), FORM)


BAD = read_reply("no", FORM)


def test_the_formula() -> None:
    a, b = [0.5, 0.6, 0.7], [0.3, 0.5, 0.4, 0.4]
    found = compare_replies([reply(t) for t in a], [reply(t) for t in b])
    var_a, var_b = 0.01, (0.01 + 0.01) / 3
    z = (0.6 - 0.4) / math.sqrt(var_a + var_b + 1e-6)
    assert found.win == pytest.approx(norm.cdf(z), abs=1e-12)
    assert found.means == pytest.approx((0.6, 0.4))
    assert found.spreads == pytest.approx((0.1, math.sqrt(var_b)))
    assert found.answers == (3, 4)


def test_it_is_symmetric() -> None:
    a, b = [reply(0.5, 0.1), reply(0.62)], [reply(0.41), reply(0.7, -0.2), BAD]
    there, back = compare_replies(a, b), compare_replies(b, a)
    assert there.win + back.win == pytest.approx(1)
    assert there.win_by_attributes + back.win_by_attributes == pytest.approx(1)
    assert there.answers == (2, 2)


def test_certain_and_equal_answers() -> None:
    config = JointRewardConfig(gamma=0.0)
    high, low = [reply(0.7), reply(0.7)], [reply(0.4), reply(0.4)]
    assert compare_replies(high, low, config).win == 1
    assert compare_replies(low, low, config).win == 0.5


def test_the_attributes_alone_against_the_model_of_the_reward() -> None:
    import torch

    from joppo.training.rewards.gaussian import conditional_moments, win_rates

    a, b = (
        [reply(0.5, 0.1), reply(0.62), reply(0.55, 0.3)],
        [reply(0.41), reply(0.7, -0.2), reply(0.3)],
    )
    found = compare_replies(a, b)
    totals = torch.tensor([[r.judgement.total for r in g] for g in (a, b)], dtype=torch.float64)
    values = torch.tensor(
        [[r.judgement.attributes for r in g] for g in (a, b)], dtype=torch.float64
    )
    given = conditional_moments(totals, values, torch.ones(2, 3, dtype=torch.bool))
    assert found.win_by_attributes == pytest.approx(
        float(win_rates(given.mean, given.variance)[0, :, 1, :].mean())
    )


def test_too_few_answers_are_an_error_with_their_reasons() -> None:
    with pytest.raises(NoComparisonError, match=r"1 and 2 answers .*missing_tag"):
        compare_replies([reply(0.5), BAD], [reply(0.5), reply(0.6)])


def test_two_photos_and_a_judge() -> None:
    one, other = questions(2)
    found = compare(EyeJudge(), one, other, 4)
    assert found.answers == (4, 4) and (found.win > 0.5) == (found.means[0] > found.means[1])
