"""Seeded splits: a photo's split depends on its bytes and the seed, on nothing else.

So a photo keeps its split whatever else is in the corpus, and copies of one file under other names
fall in the same split.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, model_validator

from joppo.data.config import StageConfig
from joppo.data.store.hashing import unit_interval

FEWEST = 8
Fraction = Annotated[float, Field(ge=0, le=1)]
# A photo that any label puts in test must not be trained on, so test outranks the others.
_STRICTNESS = ("train", "validation", "test")


class SplitConfig(StageConfig):
    """Seed and fractions of the split of photos that have no split of their own."""

    seed: int = 0
    """another seed is another split"""
    train: Fraction = 0.8
    """share of the photos for training, in [0, 1]"""
    validation: Fraction = 0.1
    """share of the photos for validation, in [0, 1]"""
    test: Fraction = 0.1
    """share of the photos for tests, in [0, 1]; the three add up to 1"""

    @model_validator(mode="after")
    def _whole(self) -> "SplitConfig":
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("the fractions of train, validation and test must add up to 1")
        return self


def hash_split(image_id: str, config: SplitConfig) -> str:
    """train, validation or test of a photo, by the sha256 of its file bytes."""
    draw = unit_interval("split", config.seed, image_id)
    if draw < config.test:
        return "test"
    return "validation" if draw < config.test + config.validation else "train"


def validation_ids(train: Iterable[str], share: float) -> set[str]:
    """Which train photos become validation photos of a dataset that ships train and test alone.

    Without validation photos nothing can be calibrated and no checkpoint compared. So that a small
    dataset has some as well, they are at least eight, or a quarter of the train photos.

    Args:
        train: sha256 of the bytes of the train photos.
        share: of them, in [0, 1]; 0 takes none.
    """
    if share == 0:
        return set()
    draws = sorted((unit_interval("validation", one), one) for one in set(train))
    fewest = min(FEWEST, len(draws) // 4)
    return {one for rank, (draw, one) in enumerate(draws) if draw < share or rank < fewest}


def strictest(splits: Iterable[str]) -> str:
    """The one split of a photo whose labels name several: test before validation before train."""
    return max(splits, key=_STRICTNESS.index)
