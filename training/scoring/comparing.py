"""Which of two photos a judge prefers, and how surely, from several drawn answers to each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import sha256
from joppo.training.judges.judge import Question, Reply, SamplingJudge
from joppo.training.rewards.joint import DEFAULT, JointRewardConfig
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.photo_inputs import Photo, content_of

LEAST = 2


class NoComparisonError(ValueError):
    """Too few answers are in form to compare two photos."""


@dataclass(frozen=True)
class Comparison:
    """How often the first photo wins against the second, each figure in [0, 1].

    `win` = Phi((mean_a - mean_b) / sqrt(var_a + var_b + gamma)), with mean and sample variance of
    the drawn totals. `win_by_attributes` asks the same of the totals that the attribute scores
    alone predict, averaged over all pairs of answers: the conditional part of the joint reward
    (`training.rewards.gaussian`). `answers` counts the answers in form.
    """

    win: float
    win_by_attributes: float
    means: tuple[float, float]
    spreads: tuple[float, float]
    answers: tuple[int, int]

    @property
    def winner(self) -> Literal["a", "b"] | None:
        """The photo that wins more often than not; None where both win equally often."""
        return None if self.win == 0.5 else "a" if self.win > 0.5 else "b"


def photo_question(photo: Photo, config: ScoringConfig) -> Question:
    """The score question about a photo, which is decoded at once.

    Raises:
        PhotoError: the photo cannot be read; the message names it.
    """
    try:
        content = content_of(photo, config.max_bytes)
        pixels = load_photo(content, max_pixels=config.max_pixels)
    except PhotoError as error:
        raise PhotoError(error.reason, f"{photo.name}: {error.detail}") from None
    asked = config.question()
    return Question(sha256(content), pixels.copy, asked.prompt, asked.form)


def compare(
    judge: SamplingJudge,
    a: Question,
    b: Question,
    samples: int = 8,
    config: JointRewardConfig = DEFAULT,
) -> Comparison:
    """Draw `samples` answers to each of two score questions and compare them.

    Raises:
        NoComparisonError: fewer than two answers to a photo are in form.
    """
    first, second = judge.sample([a, b], samples)
    return compare_replies(first, second, config)


def compare_replies(
    a: Sequence[Reply], b: Sequence[Reply], config: JointRewardConfig = DEFAULT
) -> Comparison:
    """Compare two photos by drawn replies to the same score question.

    Raises:
        NoComparisonError: fewer than two replies to a photo are in form.
    """
    import torch

    from joppo.training.rewards.gaussian import conditional_moments, group_moments, win_rates

    counts = tuple(sum(reply.judgement.ok for reply in replies) for replies in (a, b))
    if min(counts) < LEAST:
        reasons = sorted({str(r.judgement.reason) for r in (*a, *b) if not r.judgement.ok})
        raise NoComparisonError(
            f"{counts[0]} and {counts[1]} answers are in form, at least {LEAST} to each photo are "
            f"needed (the others: {', '.join(reasons)}); draw more samples"
        )
    table = torch.tensor(_padded(a, b), dtype=torch.float64)
    valid = ~table[..., 0].isnan()
    totals, attributes = table[..., 0], table[..., 1:]
    mean, variance = group_moments(totals, valid)
    win = win_rates(mean[:, None], variance, config.gamma)[0, 0, 1, 0]
    given = conditional_moments(
        totals,
        attributes,
        valid,
        covariance=config.covariance,
        shrinkage=config.shrinkage,
        ridge=config.ridge,
    )
    pairs = win_rates(given.mean, given.variance, config.gamma)[0, :, 1, :]
    by_attributes = pairs[valid[0]][:, valid[1]].mean()
    return Comparison(
        float(win),
        float(by_attributes),
        (float(mean[0]), float(mean[1])),
        (float(variance[0].sqrt()), float(variance[1].sqrt())),
        (counts[0], counts[1]),
    )


def _padded(*groups: Sequence[Reply]) -> list[list[list[float]]]:
    """(group, reply, total and attributes), NaN where there is no answer."""
    nothing = [math.nan] * (1 + len(groups[0][0].judgement.attributes))
    width = max(map(len, groups))
    rows = [
        [[j.total, *j.attributes] if j.ok else nothing for j in (r.judgement for r in group)]
        for group in groups
    ]
    return [row + [nothing] * (width - len(row)) for row in rows]
