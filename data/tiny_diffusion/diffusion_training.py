"""Joint training of UNet, ControlNets and text encoder on cached latents.

Trained together from scratch, unlike SD's ControlNets, which join a finished UNet: at this size one
joint run is cheaper. Each row of a batch uses canny alone, depth alone or both, so that each
ControlNet learns to work without the other, and only the rows that need a ControlNet pay for it.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from joppo.data.tiny_diffusion.model import Parts
from joppo.data.tiny_diffusion.precision import autocast
from joppo.data.tiny_diffusion.recipe import Recipe

log = logging.getLogger(__name__)


@dataclass
class Examples:
    """latents (N, 16, 16, 16) float16; maps (N, 64, 64) uint8; tokens (N, T) int64; (1, T)."""

    latents: Any
    canny: Any
    depth: Any
    tokens: Any
    empty: Any

    def on(self, device: str) -> "Examples":
        """The same as tensors on a device."""
        import torch

        values = {f.name: torch.as_tensor(getattr(self, f.name)).to(device) for f in fields(self)}
        return Examples(**values)


class Trainer:
    """Holds weights, optimisers and averaged weights; `state` and `restore` make it resumable."""

    def __init__(
        self,
        parts: Parts,
        recipe: Recipe,
        seed: int,
        compile_models: bool = False,
        device: str = "cpu",
    ) -> None:
        import torch

        self.parts, self.recipe, self.step, self.device = parts, recipe, 0, device
        self.generator = torch.Generator().manual_seed(seed)
        self.modules = parts.trained()
        for module in self.modules.values():
            module.train().to(device)
        for name in ("unet", "controlnet_canny", "controlnet_depth"):
            self.modules[name].to(memory_format=torch.channels_last)
        self.weights = [p for m in self.modules.values() for p in m.parameters()]
        self.average = [p.detach().clone() for p in self.weights]
        self.optimizers = _optimizers(self.modules, recipe)
        wrap: Callable[[Any], Any] = torch.compile if compile_models else lambda module: module
        self.unet = wrap(parts.unet)
        self.nets = {kind: wrap(net) for kind, net in parts.controlnets.items()}
        self.alphas = parts.scheduler.alphas_cumprod.to(device)

    def state(self) -> dict[str, Any]:
        """All that a later run needs to go on from here."""
        return {
            "step": self.step,
            "weights": [p.detach() for p in self.weights],
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "generator": self.generator.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        import torch

        self.step = state["step"]
        with torch.no_grad():
            for mine, saved in zip(self.weights, state["weights"], strict=True):
                mine.copy_(saved)
        self.average = [p.to(self.device, copy=True) for p in state["average"]]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.generator.set_state(state["generator"])

    @contextmanager
    def averaged(self) -> Iterator[Parts]:
        """The parts with the averaged weights, for as long as the block lasts."""
        import torch

        mine = [p.detach().clone() for p in self.weights]
        with torch.no_grad():
            for p, a in zip(self.weights, self.average, strict=True):
                p.copy_(a)
            try:
                yield self.parts
            finally:
                for p, m in zip(self.weights, mine, strict=True):
                    p.copy_(m)

    def run(self, examples: Examples, steps: int, every: int, on_pause: Callable[[], None]) -> None:
        """Train up to `steps` in all, calling `on_pause` each `every` steps and at the end."""
        import torch

        started, first = time.monotonic(), self.step
        examples, total = examples.on(self.device), torch.zeros((), device=self.device)
        while self.step < steps:
            self._set_rate(self.recipe.rate_at(self.step, steps))
            loss = self._loss(examples)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
            for optimizer in self.optimizers:
                optimizer.step()
                optimizer.zero_grad()
            self._follow()
            self.step += 1
            total += loss.detach()
            if self.step % 50 == 0:
                pace = (time.monotonic() - started) / (self.step - first)
                log.info("step %d loss %.4f %.3f s/step", self.step, total.item() / 50, pace)
                total.zero_()
            if self.step % every == 0 or self.step == steps:
                on_pause()

    def _set_rate(self, share: float) -> None:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = share * optimizer.defaults["lr"]

    def _follow(self) -> None:
        import torch

        decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.weights, 1 - decay)

    def _loss(self, examples: Examples) -> Any:
        import torch

        recipe, rng, device = self.recipe, self.generator, self.device
        # Drawn on the CPU, so that a seed means the same on each device.
        rows = torch.randint(len(examples.latents), (recipe.batch,), generator=rng).to(device)
        clean = examples.latents[rows].float()
        noise = torch.randn(clean.shape, generator=rng).to(device)
        times = torch.randint(len(self.alphas), (recipe.batch,), generator=rng).to(device)
        dropped = torch.rand(recipe.batch, 1, generator=rng) < recipe.drop_caption
        tokens = torch.where(dropped.to(device), examples.empty, examples.tokens[rows])
        alpha = self.alphas[times].view(-1, 1, 1, 1)
        noisy = (alpha.sqrt() * clean + (1 - alpha).sqrt() * noise).contiguous(
            memory_format=torch.channels_last
        )
        target = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
        with autocast(device):
            text = self.parts.text_encoder(tokens)[0]
            guess = self._predict(noisy, times, text, examples, rows)
        error = (guess.float() - target).square().mean((1, 2, 3))
        snr = alpha.flatten() / (1 - alpha.flatten()).clamp(min=1e-8)
        weight = torch.clamp(snr, max=recipe.min_snr_gamma) / (snr + 1)
        # The floor keeps a gradient at zero SNR, where colour and light of the picture are decided.
        return (error * weight.clamp(min=0.1)).mean() / weight.clamp(min=0.1).mean()

    def _predict(self, noisy: Any, times: Any, text: Any, examples: Examples, rows: Any) -> Any:
        recipe = self.recipe
        spans = {"canny": recipe.canny_span, "depth": recipe.depth_span}
        maps = {"canny": examples.canny, "depth": examples.depth}
        sums: list[Any] | None = None
        for kind, span in spans.items():
            control = _control(maps[kind][rows[span]])
            down, middle = self.nets[kind](
                noisy[span], times[span], text[span], control, return_dict=False
            )
            padded = [_pad(part, span, recipe.batch) for part in (*down, middle)]
            sums = padded if sums is None else [a + b for a, b in zip(sums, padded, strict=True)]
        assert sums is not None
        return self.unet(
            noisy,
            times,
            text,
            down_block_additional_residuals=tuple(sums[:-1]),
            mid_block_additional_residual=sums[-1],
            return_dict=False,
        )[0]


def _optimizers(modules: dict[str, Any], recipe: Recipe) -> list[Any]:
    """Muon for inner matrices and kernels, AdamW for all else."""
    import torch

    from joppo.data.tiny_diffusion.muon import Muon, is_matrix

    kinds: dict[bool, list[Any]] = {True: [], False: []}
    for module in modules.values():
        for name, weight in module.named_parameters():
            kinds[is_matrix(name, weight)].append(weight)
    adamw = torch.optim.AdamW(kinds[False], recipe.lr, betas=(0.9, 0.98), weight_decay=1e-3)
    return [Muon(kinds[True], recipe.muon_lr), adamw]


def _control(maps: Any) -> Any:
    import torch

    grey = maps.float().div_(255)[:, None]
    return grey.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def _pad(part: Any, span: slice, batch: int) -> Any:
    """Residuals of some rows as residuals of the whole batch, zero elsewhere."""
    from torch.nn.functional import pad

    return pad(part, (0, 0, 0, 0, 0, 0, span.start, batch - span.stop))
