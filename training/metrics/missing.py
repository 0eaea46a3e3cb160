"""What happens to photos whose answer could not be parsed: two stated ways, never a silent third.

`excluded`: the photo is left out, and n says so. It answers "how good are the answers that came",
and a judge can look better by failing on hard photos.

`worst`: the photo stays. For SRCC its total ranks below every answer, for PLCC it is 0, the lowest
total there is; a choice counts as wrong. Failing is then no way to a better figure, unless the
photo is a bad one anyway.
"""

from typing import Literal

import numpy as np

Array = np.ndarray
Handling = Literal["excluded", "worst"]
HANDLINGS: tuple[Handling, ...] = ("excluded", "worst")
LOWEST = 0.0


def for_ranks(totals: Array, handling: Handling) -> tuple[Array, Array]:
    """(totals, kept): values to rank, and a mask (n,) of the rows that count.

    Args:
        totals: (n,) totals in [0, 1], NaN where the answer failed.
    """
    return _filled(totals, handling, LOWEST - 1)


def for_values(totals: Array, handling: Handling) -> tuple[Array, Array]:
    """(totals, kept) for a linear correlation; see `for_ranks`."""
    return _filled(totals, handling, LOWEST)


def _filled(totals: Array, handling: Handling, value: float) -> tuple[Array, Array]:
    failed = np.isnan(totals)
    if handling == "excluded":
        return totals, ~failed
    return np.where(failed, value, totals), np.ones(len(totals), dtype=bool)
