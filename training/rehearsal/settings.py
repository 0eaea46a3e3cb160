"""How large a rehearsal is, and what it may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The choices of whoever rehearses."""

    photos: int = 48
    """photos of the corpus, over all sources"""
    steps: int = 2
    """optimizer steps of each training"""
    usd: float = 1.0
    """most that the answers of teachers and judges may cost, in US dollars"""
    tiny: bool = False
    """tiny models in place of those of the configs"""
    offline: bool = False
    """the grounded teacher in place of all others; judges behind an API are not asked"""
    datasets: str | None = None
    """folder of the datasets, in place of `../../datasets` in the configs"""
    gpus: int = 0
    """GPUs of this machine"""
    cores: int = 1
    """processor cores of this machine"""
