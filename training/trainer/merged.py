"""An adapter that is merged into its base while a judge samples.

Unmerged, each linear layer of each token costs three more products and their calls. Peft takes a
merged adapter out by subtraction, which leaves rounding errors in the base; here the base weights
are put back from copies, so training goes on with the very same bits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer


@contextmanager
def merged(model: Any) -> Iterator[None]:
    """Merge the active adapter within; this takes the memory of the adapted weights once more."""
    layers = [one for one in model.modules() if isinstance(one, BaseTunerLayer)]
    weights = [layer.get_base_layer().weight for layer in layers]
    copies = [weight.detach().clone() for weight in weights]
    try:
        for layer in layers:
            layer.merge()
        yield
    finally:
        for layer in layers:
            layer.unmerge()
        with torch.no_grad():
            for weight, copy in zip(weights, copies, strict=True):
                weight.copy_(copy)
