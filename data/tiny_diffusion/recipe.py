"""Values of the training of UNet, ControlNets and text encoder."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Training values. Rows of a batch: canny alone, both, depth alone, in this order.

    `times` multiplies the rows: a GPU takes many for the time of a few.
    """

    canny_rows: int = 8
    both_rows: int = 6
    depth_rows: int = 10
    lr: float = 1e-3
    muon_lr: float = 2e-3
    warmup: int = 200
    decay_share: float = 0.25
    min_snr_gamma: float = 5.0
    drop_caption: float = 0.12
    ema: float = 0.998
    times: int = 1

    @property
    def canny_span(self) -> slice:
        """Rows that the canny net sees."""
        return slice(0, self.times * (self.canny_rows + self.both_rows))

    @property
    def depth_span(self) -> slice:
        """Rows that the depth net sees."""
        return slice(self.times * self.canny_rows, self.batch)

    @property
    def batch(self) -> int:
        return self.times * (self.canny_rows + self.both_rows + self.depth_rows)

    def rate_at(self, step: int, steps: int) -> float:
        """Share of the learning rates: up, level, then linearly down.

        A run can be prolonged before the fall begins.
        """
        fall = (steps - step) / max(1.0, steps * self.decay_share)
        return min(1.0, (step + 1) / self.warmup, max(fall, 0.02))
