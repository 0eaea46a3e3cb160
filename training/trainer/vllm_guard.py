"""Guards around vLLM's rollouts: with images they have been wrong without an error.

Two things are checked during training, because nothing else would show them:

- the prompts that vLLM answers have the length of those that are trained on (image tokens that are
  expanded a second time make them longer);
- vLLM's answers change when the weights do (an update that never arrives leaves the rollouts with
  the old judge). One fixed prompt is answered after every update, with a fixed seed: the first
  update brings the SFT adapter to a vLLM that has loaded the bare base, so the answer must move at
  once; later updates are small, so one of `PATIENCE` has to show.

Any difference counts, so a vLLM that does not repeat itself to the bit weakens the second guard for
small updates, never for the first.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

PATIENCE = 20
"""updates in a row that may leave the answer to the fixed prompt as it was"""
PROBE_TOKENS = 16
Images = Sequence[Any] | None
Fingerprint = tuple[tuple[int, ...], tuple[float | None, ...]]
_REMEDY = "; train with `rollouts: transformers`, or with other versions of vllm and trl"


class RolloutError(RuntimeError):
    """Completions do not come from the judge that is trained; the message names the remedy."""


def missing_vllm() -> str | None:
    """The problem where vLLM is not installed, else None."""
    if find_spec("vllm") is not None:
        return None
    return "rollouts: vllm needs vLLM: `pip install 'trl[vllm]'`, or set `rollouts: transformers`"


def check_prompts(ours: Sequence[Sequence[int]], theirs: Sequence[Sequence[int]]) -> None:
    """Compare the prompts that are trained on with those that vLLM answered.

    Raises:
        RolloutError: their number or a length differs.
    """
    expected, found = [len(ids) for ids in ours], [len(ids) for ids in theirs]
    if expected == found:
        return
    if len(expected) != len(found):
        raise RolloutError(f"vLLM answered {len(found)} prompts of {len(expected)}{_REMEDY}")
    at = next(i for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b)
    raise RolloutError(
        f"vLLM read prompt {at} as {found[at]} tokens where training has {expected[at]}: its image "
        f"tokens are not the trained ones{_REMEDY}"
    )


class UpdateWatch:
    """Notices when answers to one prompt stay the same although the weights are updated."""

    def __init__(self, patience: int = PATIENCE) -> None:
        self.patience, self.same = patience, 0
        self.last: Fingerprint | None = None

    def note(self, answer: Fingerprint, must_change: bool = False) -> None:
        """The answer after one more update.

        Raises:
            RolloutError: it is the old one, and `must_change` or has been for `patience` updates.
        """
        self.same = self.same + 1 if answer == self.last else 0
        self.last = answer
        if self.same and (must_change or self.same >= self.patience):
            raise RolloutError(
                f"vLLM's answer to a fixed prompt is the same to the bit after {self.same} "
                f"update(s) of the weights: they do not reach it{_REMEDY}"
            )


class GuardedVLLM:
    """Wraps trl's `VLLMGeneration`; the trainer uses it instead.

    `adapted`: the adapter differs from the bare base, so the first update has to show.
    """

    def __init__(self, inner: Any, adapted: bool = True, patience: int = PATIENCE) -> None:
        self.inner, self.adapted = inner, adapted
        self.watch = UpdateWatch(patience)
        self._probe: tuple[list[Any], list[Any] | None] | None = None
        self._due = False

    def sync_weights(self) -> None:
        """Due before the next completions: only then is there a prompt to probe with."""
        self._due = True

    def generate(
        self, prompts: Any, images: Images, num_generations: int, profiler: Any = None
    ) -> Any:
        """As `VLLMGeneration.generate`, checked.

        Raises:
            RolloutError: see the module.
        """
        if self._due:
            self._synchronise(prompts, images)
        result = self.inner.generate(
            prompts=prompts, images=images, num_generations=num_generations, profiler=profiler
        )
        check_prompts(prompts, result[0])
        return result

    def _synchronise(self, prompts: Any, images: Images) -> None:
        first = self._probe is None
        if first:
            self._probe = list(prompts[:1]), None if images is None else list(images[:1])
            self.watch.note(self._answer())
        self.inner.sync_weights()
        self._due = False
        self.watch.note(self._answer(), must_change=first and self.adapted)

    def _answer(self) -> Fingerprint:
        assert self._probe is not None
        prompts, images = self._probe
        usual = self.inner.generation_kwargs
        self.inner.generation_kwargs = {**usual, "seed": 0, "max_tokens": PROBE_TOKENS}
        try:
            _, ids, logprobs, _ = self.inner.generate(
                prompts=prompts, images=images, num_generations=1
            )
        finally:
            self.inner.generation_kwargs = usual
        return tuple(ids[0]), tuple(token[0] for token in logprobs[0])
