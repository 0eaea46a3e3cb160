"""A judge with known truth: what a reward teaches it can be measured exactly.

A photo is a feature vector. Its true attributes are linear in it, people's opinion is a weighted
sum of the attributes plus rater noise. The judge predicts attributes and total linearly and
starts half right; a candidate is its prediction plus noise, whose total follows the candidate's
own attributes as strongly as `coupling` says. Policy gradient with group advantages moves the
judge, as GRPO does without clipping.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from joppo.training.rewards.joint import JointRewardConfig, group_advantage, joint_fidelity

Array = np.ndarray


@dataclass(frozen=True)
class Setting:
    """One kind of world. `tails`: normal, heavy (Student t, 3 degrees) or bimodal noise."""

    photos: int = 32
    candidates: int = 6
    attributes: int = 5
    coupling: float = 0.6
    tails: str = "normal"
    start: float = 0.5  # correlation of the judge's first attribute scores with the truth
    explained: float = 1.0  # correlation of people's opinion with its attribute part
    steps: int = 60
    features: int = 16
    noise: float = 0.5
    rate: float = 0.1

    def but(self, **changes: Any) -> "Setting":
        return replace(self, **changes)


class World:
    """Truth, first judge, photos and noise of one seed: the same for every reward."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.setting = setting
        self.rng = rng = np.random.default_rng([seed, 2026])
        d, m = setting.attributes, setting.features
        common = rng.normal(size=m)
        self.truth = unit(rng.normal(size=(d, m)) + 0.5 * common)
        weights = rng.dirichlet(np.full(d, 2.0))
        self.opinion = unit(weights @ self.truth)
        if setting.explained < 1:
            self.opinion = blend(self.opinion, rng.normal(size=m), setting.explained)
        self.first = np.vstack(
            [
                blend(self.truth, rng.normal(size=(d, m)), setting.start),
                blend(self.opinion[None], rng.normal(size=(1, m)), 0.5),
            ]
        )
        self.batches = rng.normal(size=(setting.steps, setting.photos, m))
        self.raters = 0.3 * rng.normal(size=(setting.steps, setting.photos))
        self.draws = draw(
            rng, setting.tails, (setting.steps, setting.photos, setting.candidates, d + 1)
        )
        self.held_out = rng.normal(size=(500, m))

    def train(self, config: JointRewardConfig) -> dict[str, float]:
        """The judge's figures on held-out photos after training with `config`."""
        judge = self.first.copy()
        for step in range(self.setting.steps):
            judge += self.setting.rate * self._gradient(judge, step, config)
        return self.measure(judge)

    def _gradient(self, judge: Array, step: int, config: JointRewardConfig) -> Array:
        """Policy gradient (d + 1, m): advantage times the score function, averaged."""
        setting, photos, noise = self.setting, self.batches[step], self.draws[step]
        own, rest = setting.coupling, (1 - setting.coupling**2) ** 0.5
        mix = np.full(setting.attributes, setting.attributes**-0.5)
        shifts = noise.copy()
        shifts[..., -1] = own * noise[..., :-1] @ mix + rest * noise[..., -1]
        answers = (photos @ judge.T)[:, None] + setting.noise * shifts
        totals = np.round(1 / (1 + np.exp(-answers[..., -1])), 2)
        attributes = np.round(np.tanh(answers[..., :-1] / 1.5), 2)
        people = 1 / (1 + np.exp(-(photos @ self.opinion + self.raters[step])))
        rewards = joint_fidelity(
            torch.from_numpy(totals), torch.from_numpy(attributes), torch.from_numpy(people), config
        )
        advantage = group_advantage(rewards).numpy()
        pull = score_function(noise, setting.tails)
        pull[..., :-1] -= own / rest * mix * pull[..., -1:]
        pull[..., -1] /= rest
        by_photo = (advantage[..., None] * pull).mean(axis=1) * setting.noise
        return by_photo.T @ photos / len(photos)

    def measure(self, judge: Array) -> dict[str, float]:
        """Rank correlations with the truth, and how alike the judge's attributes are."""
        answers, truth = self.held_out @ judge.T, self.held_out @ self.truth.T
        scores, total = answers[:, :-1], answers[:, -1]
        return {
            "total": rank_correlation(total, self.held_out @ self.opinion),
            "attribute": float(
                np.mean([rank_correlation(a, t) for a, t in zip(scores.T, truth.T, strict=True)])
            ),
            "attribute_to_total": rank_correlation(scores.mean(axis=1), total),
            "halo": likeness(scores) - likeness(truth),
        }


def unit(rows: Array) -> Array:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def blend(truth: Array, other: Array, share: float) -> Array:
    """Unit rows whose correlation with `truth` is about `share`."""
    return unit(share * truth + (1 - share**2) ** 0.5 * unit(other))


def draw(rng: np.random.Generator, tails: str, shape: tuple[int, ...]) -> Array:
    """Noise of unit variance, independent in every entry."""
    if tails == "heavy":
        return rng.standard_t(3, size=shape) / 3**0.5
    if tails == "bimodal":
        return 0.9 * rng.choice([-1.0, 1.0], size=shape) + 0.19**0.5 * rng.normal(size=shape)
    return rng.normal(size=shape)


def score_function(noise: Array, tails: str) -> Array:
    """-d log p / d noise of the density that `draw` samples."""
    if tails == "heavy":
        return 4 * noise / (1 + noise**2)
    if tails == "bimodal":
        return (noise - 0.9 * np.tanh(0.9 * noise / 0.19)) / 0.19
    return noise.copy()


def rank_correlation(one: Array, other: Array) -> float:
    """Spearman's, for values without ties."""
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def likeness(scores: Array) -> float:
    """Mean correlation between different attributes."""
    matrix = np.corrcoef(scores.T)
    return float(matrix[np.triu_indices(len(matrix), 1)].mean())
