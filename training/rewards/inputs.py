"""Checks of what the rewards are given: shapes, ranges, and which candidates count."""

import math

import torch
from torch import Tensor

#: Slack above a range's end that still counts as rounding (a MOS rescaled in float32, say).
ROUNDING = 1e-6


def check_scores(scores: Tensor) -> Tensor:
    """`scores` (B, k) as float64, NaN where the candidate could not be parsed.

    Raises TypeError if it is no tensor and ValueError if it is not two-dimensional, has no photo
    or no candidate, holds an infinity, or leaves [0, 1].
    """
    _check_tensor(scores, "scores")
    if scores.ndim != 2 or 0 in scores.shape:
        raise ValueError(
            "scores must have shape (B, k) with at least one photo and one candidate, "
            f"got {tuple(scores.shape)}"
        )
    return _check_range(scores.to(torch.float64), "scores", 0.0, 1.0)


def check_attributes(attributes: Tensor, scores: Tensor) -> Tensor:
    """`attributes` (B, k, d) as float64 in [-1, 1], NaN where not parsed; d may be 0.

    Raises TypeError or ValueError as `check_scores`, also when (B, k) differ from those of
    `scores`.
    """
    _check_tensor(attributes, "attributes")
    if attributes.ndim != 3 or attributes.shape[:2] != scores.shape:
        raise ValueError(
            f"attributes must have shape (B, k, d) with (B, k) = {tuple(scores.shape)}, "
            f"got {tuple(attributes.shape)}"
        )
    _check_device(attributes, scores, "attributes")
    return _check_range(attributes.to(torch.float64), "attributes", -1.0, 1.0)


def check_mos(mos: Tensor, scores: Tensor) -> Tensor:
    """`mos` (B,) as float64 in [0, 1], detached: a label carries no gradient.

    Raises TypeError or ValueError as `check_scores`; a missing (NaN) MOS is an error too, because
    a photo without a label cannot be compared.
    """
    _check_tensor(mos, "mos")
    if mos.shape != scores.shape[:1]:
        raise ValueError(
            f"mos must have shape (B,) with B = {scores.shape[0]}, got {tuple(mos.shape)}"
        )
    _check_device(mos, scores, "mos")
    mos = _check_range(mos.detach().to(torch.float64), "mos", 0.0, 1.0)
    if torch.isnan(mos).any():
        raise ValueError("mos holds NaN: leave photos without a label out of the batch")
    return mos


def valid_candidates(scores: Tensor, attributes: Tensor | None = None) -> Tensor:
    """(B, k) bool: the candidates whose score and attributes are all numbers."""
    if attributes is None:
        return ~torch.isnan(scores)
    return ~torch.isnan(attributes.sum(dim=-1) + scores)


def _check_tensor(value: Tensor, name: str) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, got {type(value).__name__}")
    if value.is_complex() or value.dtype == torch.bool:
        raise ValueError(f"{name} must hold real numbers, got {value.dtype}")


def _check_device(value: Tensor, scores: Tensor, name: str) -> None:
    if value.device != scores.device:
        raise ValueError(f"{name} lie on {value.device}, scores on {scores.device}")


def _check_range(values: Tensor, name: str, low: float, high: float) -> Tensor:
    """`values`, unless one lies outside [low, high]; NaN passes, infinities do not."""
    if values.numel() == 0:
        return values
    lowest, highest = (
        bound.item() for bound in values.detach().nan_to_num(0.0, math.inf, -math.inf).aminmax()
    )
    for worst in (lowest, highest):
        if not low - ROUNDING <= worst <= high + ROUNDING:
            raise ValueError(
                f"{name} must lie in [{low:g}, {high:g}], got {worst!r}; mark a candidate that "
                "could not be parsed with NaN"
            )
    return values
