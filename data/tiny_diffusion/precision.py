"""bfloat16 where the processor computes in it; elsewhere it would be emulated, ten times slower."""

from typing import Any


def autocast(device: str = "cpu") -> Any:
    """A context manager: bfloat16 autocast on CPUs that have it, plain float32 elsewhere.

    On a GPU a network of this size waits for launches, and casts would only add to them.
    """
    import torch

    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return torch.autocast("cpu", torch.bfloat16, enabled=native and device == "cpu")
