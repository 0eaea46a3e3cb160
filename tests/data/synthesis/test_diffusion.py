from dataclasses import replace

import numpy as np
import pytest

from joppo.data.scenes.scene import render_scene
from joppo.data.synthesis.attempt import Attempt
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import canny_map, normalise_depth
from joppo.data.synthesis.diffusion import kinds, load_pipeline
from joppo.data.synthesis.prompt_pool import load_pool
from tests.data.synthesis.synthesis_world import CONTROL

CONFIG = SynthesisConfig(steps=2, device="cpu")


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline(CONFIG)


def attempts(control, count=8):
    pool, made, maps = load_pool(), [], []
    for index in range(count):
        scene = render_scene(index + 1, 40, 64)
        made.append(
            Attempt(
                attempt_id=str(index),
                parent={},
                label=None,
                category=index + 1,
                control=control,
                control_uris={},
                prompt=pool.prompt(index + 1, "0" * 64),
                negative_prompt=pool.negative,
                seed=index,
            )
        )
        maps.append(
            {"canny": canny_map(scene.image, CONTROL)[0], "depth": normalise_depth(scene.depth)}
        )
    return made, maps


def in_batches(pipeline, control, size):
    made, maps = attempts(control)
    starts = range(0, len(made), size)
    return np.concatenate(
        [pipeline.generate(made[s : s + size], maps[s : s + size]) for s in starts]
    )


@pytest.mark.parametrize("control", ["canny", "depth+canny"])
def test_an_image_does_not_depend_on_its_batch(pipeline, control):
    alone = in_batches(pipeline, control, 1)
    assert alone.shape == (8, 64, 64, 3) and alone.std() > 10
    # Bitwise on a CPU in float32, not merely close.
    assert np.array_equal(alone, in_batches(pipeline, control, 3))
    assert np.array_equal(alone, in_batches(pipeline, control, 8))


def test_seed_prompt_and_control_each_change_the_image(pipeline):
    (attempt,), (maps,) = attempts("canny", 1)
    base = pipeline.generate([attempt], [maps])[0]
    other_maps = maps | {"canny": maps["canny"].T.copy()}
    for changed, given in [
        (replace(attempt, seed=5), maps),
        (replace(attempt, prompt="photograph of tiles repeating in a pattern, still life"), maps),
        (attempt, other_maps),
    ]:
        assert not np.array_equal(pipeline.generate([changed], [given])[0], base)
    assert np.array_equal(pipeline.generate([attempt], [maps])[0], base)


def test_a_wide_map_gives_a_wide_image(pipeline):
    (attempt,), (maps,) = attempts("depth", 1)
    wide = {"depth": np.concatenate([maps["depth"]] * 2, axis=1)}
    assert pipeline.generate([attempt], [wide])[0].shape == (64, 128, 3)


def test_a_prompt_is_embedded_once(pipeline, monkeypatch):
    made, maps = attempts("canny", 2)
    pipeline.generate(made, maps)
    monkeypatch.setattr(
        pipeline.pipeline("canny"), "encode_prompt", lambda *_: pytest.fail("embedded again")
    )
    embedded = pipeline._embed(pipeline.pipeline("canny"), made[0].prompt)
    assert embedded.shape[1] == 48


def test_out_of_memory_is_told_by_none(pipeline, monkeypatch):
    import torch

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(pipeline, "_generate", full)
    assert pipeline.generate(*attempts("canny", 1)) is None


def test_one_config_is_loaded_once(pipeline):
    assert load_pipeline(SynthesisConfig(steps=2, device="cpu")) is pipeline


def test_kinds_of_a_control():
    assert kinds("depth+canny") == ["canny", "depth"] and kinds("depth") == ["depth"]
