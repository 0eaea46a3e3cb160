"""What came of each training of a reproduction, and the judges to evaluate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.reproduction.config import ReproduceConfig, VariantConfig


@dataclass(frozen=True)
class Outcome:
    """One variant under one seed: its judge, or why there is none.

    `judge` is a model folder or `embedded`; `run` is the id of the training run that made it, None
    for a judge that was not trained. `seed` is None for a judge that all seeds share.
    """

    variant: str
    seed: int | None
    judge: str | None
    run: str | None = None
    failure: str | None = None


def judges_of(outcomes: Sequence[Outcome]) -> list[str]:
    """The judges that there are, each once, in the order of the outcomes."""
    return list(dict.fromkeys(one.judge for one in outcomes if one.judge is not None))


def seeds_of(outcomes: Sequence[Outcome], variant: str) -> dict[int, str]:
    """seed -> judge of one variant; a shared judge stands under every seed that is known."""
    every = sorted({one.seed for one in outcomes if one.seed is not None})
    found: dict[int, str] = {}
    for one in outcomes:
        if one.variant == variant and one.judge is not None:
            found |= dict.fromkeys(every if one.seed is None else [one.seed], one.judge)
    return found


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes without a judge."""
    return [one for one in outcomes if one.judge is None]


def describe(config: ReproduceConfig) -> dict[str, VariantConfig]:
    """name -> variant, in the order of the config."""
    return {variant.name: variant for variant in config.variants}


def relative(place: str, base: Path) -> str:
    """A path of the config, as seen from the working directory."""
    return str(base / place)
