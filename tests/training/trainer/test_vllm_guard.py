"""Rollouts that do not come from the trained judge stop the run, where vLLM itself is silent."""

from typing import Any

import pytest

from joppo.training.trainer.vllm_guard import GuardedVLLM, RolloutError, UpdateWatch, check_prompts

PROMPTS, PHOTOS = [[1, 7, 7, 2], [1, 7, 7, 3, 4]], [["a"], ["b"]]


class _Vllm:
    """As trl's VLLMGeneration behaves: answers depend on the weights that reached it."""

    def __init__(self, expand_twice: bool = False, deaf_after: int | None = None) -> None:
        self.generation_kwargs: dict[str, Any] = {"top_p": 1.0}
        self.expand_twice, self.deaf_after = expand_twice, deaf_after
        self.trained = self.weights = 0
        self.calls: list[dict[str, Any]] = []

    def sync_weights(self) -> None:
        self.trained += 1
        if self.deaf_after is None or self.trained <= self.deaf_after:
            self.weights = self.trained

    def generate(
        self, prompts: Any, images: Any, num_generations: int, profiler: Any = None
    ) -> Any:
        self.calls.append({"prompts": prompts, "kwargs": dict(self.generation_kwargs)})
        read = [
            [t for t in ids for _ in range(2 if t == 7 and self.expand_twice else 1)]
            for ids in prompts
        ]
        logprobs = [[[-0.5 - self.weights / 1e9]] for _ in prompts]
        return read, [[5] for _ in prompts], logprobs, None


def _step(guarded: GuardedVLLM) -> Any:
    guarded.sync_weights()
    return guarded.generate(PROMPTS, PHOTOS, num_generations=2)


def test_what_vllm_gives_is_handed_on() -> None:
    inner = _Vllm()
    guarded = GuardedVLLM(inner)
    made = _step(guarded)
    assert made[0] == PROMPTS and made[1] == [[5], [5]]
    assert inner.weights == 1
    # Without an update in between there is nothing to check.
    before = len(inner.calls)
    guarded.generate(PROMPTS, PHOTOS, num_generations=2)
    assert len(inner.calls) == before + 1
    probes = [c for c in inner.calls if "seed" in c["kwargs"]]
    assert all(c["prompts"] == PROMPTS[:1] for c in probes) and len(probes) == 2
    assert inner.generation_kwargs == {"top_p": 1.0}


def test_image_tokens_that_are_expanded_twice_stop_the_run() -> None:
    with pytest.raises(RolloutError, match="prompt 0 as 6 tokens where training has 4"):
        _step(GuardedVLLM(_Vllm(expand_twice=True)))


def test_a_first_update_that_does_not_arrive_stops_the_run() -> None:
    with pytest.raises(RolloutError, match="they do not reach it"):
        _step(GuardedVLLM(_Vllm(deaf_after=0)))
    # A new adapter is still that base.
    _step(GuardedVLLM(_Vllm(deaf_after=0), adapted=False))


def test_later_updates_may_be_small_but_not_for_ever() -> None:
    guarded = GuardedVLLM(_Vllm(deaf_after=3), patience=4)
    for _ in range(6):
        _step(guarded)
    with pytest.raises(RolloutError, match=r"after 4 update\(s\)"):
        _step(guarded)


def test_an_answer_that_moves_starts_the_count_anew() -> None:
    watch = UpdateWatch(patience=2)
    for token in (1, 1, 2, 2, 3):
        watch.note(((token,), (-0.1,)))
    watch.note(((3,), (-0.1,)))
    with pytest.raises(RolloutError):
        watch.note(((3,), (-0.1,)))


def test_lost_answers_are_found_out() -> None:
    check_prompts([[1, 2]], [[9, 9]])
    with pytest.raises(RolloutError, match="answered 1 prompts of 2"):
        check_prompts([[1], [2]], [[1]])
