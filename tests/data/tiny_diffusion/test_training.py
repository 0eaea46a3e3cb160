import numpy as np
import pytest
import torch

from joppo.data.tiny_diffusion.diffusion_training import Examples, Trainer
from joppo.data.tiny_diffusion.model import new_parts
from joppo.data.tiny_diffusion.muon import MIN_SIDE, Muon, is_matrix, orthogonal
from joppo.data.tiny_diffusion.recipe import Recipe
from joppo.data.tiny_diffusion.scene_set import cached_set, render_set, scene_numbers
from joppo.data.tiny_diffusion.tokenizer import MAX_LENGTH, new_tokenizer
from joppo.data.tiny_diffusion.train import tokenize
from joppo.data.tiny_diffusion.vae_training import encode_all, reconstruct, train_vae

SMALL = Recipe(canny_rows=1, both_rows=1, depth_rows=1, warmup=2)


@pytest.fixture(scope="module")
def scenes():
    return render_set(24, first_seed=0)


@pytest.fixture
def examples(scenes):
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(24, 16, 16, 16)).astype(np.float16)
    tokens = rng.integers(2, 50, (24, MAX_LENGTH))
    return Examples(latents, scenes.canny, scenes.depth, tokens, tokens[:1])


def trainer(seed=0):
    return Trainer(new_parts(new_tokenizer(["a boat", "a tree"]), seed), SMALL, seed)


def test_the_set_holds_every_category_with_its_maps(scenes):
    assert sorted(scenes.categories) == list(range(1, 25))
    assert set(np.unique(scenes.canny)) == {0, 255}
    assert scenes.depth.max() == 255 and scenes.depth.std() > 10
    assert all(caption.startswith("photograph of ") for caption in scenes.captions)
    assert list(scene_numbers(26, 5))[23:] == [(24, 5), (1, 6), (2, 6)]


def test_a_set_is_rendered_once(scenes, tmp_path, monkeypatch):
    path = tmp_path / "set.npz"
    first = cached_set(path, 24, first_seed=0)
    rendered = "joppo.data.tiny_diffusion.scene_set.render_set"
    monkeypatch.setattr(rendered, lambda *_: pytest.fail("again"))
    again = cached_set(path, 24, first_seed=0)
    assert np.array_equal(first.images, again.images) and first.captions == again.captions
    assert np.array_equal(again.images, scenes.images)


def test_the_autoencoder_learns_and_keeps_shapes(scenes):
    parts = new_parts(new_tokenizer(["a boat"]), 0)
    before = np.abs(reconstruct(parts.vae, scenes.images).astype(int) - scenes.images).mean()
    train_vae(parts.vae, scenes.images, steps=30, seed=0)
    after = np.abs(reconstruct(parts.vae, scenes.images).astype(int) - scenes.images).mean()
    assert after < 0.6 * before
    assert encode_all(parts.vae, scenes.images).shape == (24, 16, 16, 16)


def test_the_learning_rate_warms_up_holds_and_falls():
    rates = [Recipe().rate_at(step, 2000) for step in (0, 199, 1400, 1750, 1999)]
    assert rates[0] < rates[1] == rates[2] == 1 > rates[3] > rates[4] > 0


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (24, 24)])
def test_newton_schulz_keeps_directions_and_levels_singular_values(shape):
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    levelled = u.T @ orthogonal(matrix[None])[0] @ vh.T
    assert (levelled.diagonal() - 1).abs().max() < 0.4
    assert (levelled - levelled.diagonal().diag()).abs().max() < 1e-3


def test_muon_turns_a_kernel_as_the_matrix_that_it_is():
    kernel = torch.randn(16, 8, 3, 3, generator=torch.Generator().manual_seed(1))
    flat = kernel.flatten(1).clone().requires_grad_()
    kernel = kernel.to(memory_format=torch.channels_last).requires_grad_()
    gradient = torch.randn(16, 8, 3, 3, generator=torch.Generator().manual_seed(2))
    kernel.grad, flat.grad = gradient.clone(), gradient.flatten(1).clone()
    for weight in (kernel, flat):
        Muon([weight], lr=0.1).step()
    assert torch.allclose(kernel.flatten(1), flat, atol=1e-6)


def test_small_outer_and_embedding_weights_are_left_to_adamw(examples):
    muon, _ = trainer().optimizers
    assert len(muon.param_groups[0]["params"]) > 50
    assert all(min(p.flatten(1).shape) >= MIN_SIDE for p in muon.param_groups[0]["params"])
    assert not is_matrix("conv_in.weight", torch.ones(64, 16, 3, 3))
    assert not is_matrix("embeddings.token_embedding.weight", torch.ones(1000, 64))


def test_training_stopped_and_resumed_is_training_undisturbed(examples):
    whole = trainer()
    whole.run(examples, 3, every=9, on_pause=lambda: None)
    half = trainer()
    states = []
    half.run(examples, 3, every=2, on_pause=lambda: states.append(_copy(half.state())))
    resumed = trainer(seed=7)
    resumed.restore(states[0])
    assert resumed.step == 2
    resumed.run(examples, 3, every=9, on_pause=lambda: None)
    for a, b in zip(whole.weights, resumed.weights, strict=True):
        assert a.equal(b)
    for a, b in zip(whole.average, resumed.average, strict=True):
        assert a.equal(b)


def _copy(state):
    from copy import deepcopy

    return deepcopy(state)


def test_every_part_is_trained_and_the_average_lags_behind(examples):
    run = trainer()
    before = {n: [p.detach().clone() for p in m.parameters()] for n, m in run.modules.items()}
    run.run(examples, 3, every=9, on_pause=lambda: None)
    for name, module in run.modules.items():
        moved = [not a.equal(b) for a, b in zip(before[name], module.parameters(), strict=True)]
        assert np.mean(moved) > 0.9, name
    raw = [p.detach().clone() for p in run.weights]
    with run.averaged():
        assert any(not p.equal(r) for p, r in zip(run.weights, raw, strict=True))
    assert all(p.equal(r) for p, r in zip(run.weights, raw, strict=True))


def test_tokens_have_the_models_length():
    parts = new_parts(new_tokenizer(["a boat"]), 0)
    assert tokenize(parts, ["a boat", ""]).shape == (2, MAX_LENGTH)
