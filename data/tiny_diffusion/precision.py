"""bfloat16 where the processor computes in it; elsewhere it would be emulated, ten times slower."""

from typing import Any


def autocast() -> Any:
    """A context manager: bfloat16 autocast on CPUs that have it, plain float32 on others."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return torch.autocast("cpu", torch.bfloat16, enabled=native)
