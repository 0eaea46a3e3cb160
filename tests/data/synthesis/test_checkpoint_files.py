import json
import shutil

import pytest

from joppo.data.synthesis.checkpoint_files import (
    EMBEDDED,
    PipelineFilesError,
    fingerprint,
    model_folder,
)
from joppo.data.synthesis.config import SynthesisConfig, model_name, synthesis_key
from joppo.data.synthesis.diffusion import load_pipeline
from joppo.data.tiny_diffusion.model import new_parts, save
from joppo.data.tiny_diffusion.tokenizer import new_tokenizer

UNET = "unet/diffusion_pytorch_model.safetensors"
CANNY = "controlnet_canny/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "untrained"
    save(new_parts(new_tokenizer(["a boat on calm water", "a tree"]), seed=0), folder)
    return folder


@pytest.fixture
def model(untrained, tmp_path):
    return shutil.copytree(untrained, tmp_path / "model")


def refusal(model, **config):
    """What both the key and the loading say of a model."""
    config = SynthesisConfig(model=str(model), **config)
    with pytest.raises(PipelineFilesError) as by_key:
        synthesis_key(config)
    with pytest.raises(PipelineFilesError) as by_load:
        load_pipeline(config)
    assert str(by_key.value) == str(by_load.value)
    return str(by_key.value)


def test_a_missing_folder_names_the_remedy(tmp_path):
    message = refusal(tmp_path / "nowhere")
    assert "nowhere does not exist" in message and EMBEDDED in message


def test_a_folder_that_is_no_pipeline(tmp_path):
    assert "no model_index.json" in refusal(tmp_path)


def test_a_single_checkpoint_file(tmp_path):
    file = tmp_path / "sd15.ckpt"
    file.write_bytes(b"x")
    assert "from_single_file" in refusal(file)


def test_a_missing_part(model):
    shutil.rmtree(model / "vae")
    assert "vae is missing; copy the complete model folder" in refusal(model)


def test_missing_weights(model):
    (model / UNET).unlink()
    assert "has no diffusion_pytorch_model.safetensors" in refusal(model)


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", "unet.ckpt", "weights.pth"])
def test_a_pickle_is_refused_with_the_way_to_convert_it(model, name):
    (model / UNET).rename(model / "unet" / name)
    message = refusal(model)
    assert f"pickle checkpoint ({name})" in message and "safe_serialization=True" in message


@pytest.mark.parametrize("part", [UNET, CANNY, "text_encoder/model.safetensors"])
@pytest.mark.parametrize("damage", ["truncated", "garbage"])
def test_a_damaged_file(model, part, damage):
    content = (model / part).read_bytes()
    (model / part).write_bytes(content[: len(content) // 2] if damage == "truncated" else b"x" * 99)
    message = refusal(model)
    assert str(model / part) in message
    assert "is damaged" in message and "copy or download it again" in message


def test_a_damaged_config(model):
    (model / "controlnet_depth/config.json").write_text("{")
    assert "controlnet_depth/config.json is damaged" in refusal(model)


def test_a_controlnet_of_another_size(model, tmp_path):
    other = shutil.copytree(model / "controlnet_canny", tmp_path / "wide")
    config = json.loads((other / "config.json").read_text()) | {"cross_attention_dim": 768}
    (other / "config.json").write_text(json.dumps(config))
    message = refusal(model, controlnets={"canny": str(other)})
    assert f"the canny ControlNet {other} does not fit" in message
    assert "cross_attention_dim is 768, the UNet's is 64" in message


def test_a_kind_without_controlnet_is_said_when_it_is_asked_for(model):
    shutil.rmtree(model / "controlnet_depth")
    pipeline = load_pipeline(SynthesisConfig(model=str(model)))
    assert pipeline.pipeline("canny").controlnet.config.cross_attention_dim == 64
    with pytest.raises(PipelineFilesError, match="no depth ControlNet"):
        pipeline.pipeline("depth+canny")


def test_a_hub_id_is_left_to_the_hub():
    assert model_folder("stable-diffusion-v1-5/stable-diffusion-v1-5") is None
    assert model_name(SynthesisConfig(model="org/name")) == "org/name"


def test_the_key_follows_the_content_and_not_the_place(model, untrained):
    key = synthesis_key(SynthesisConfig(model=str(untrained)))
    assert synthesis_key(SynthesisConfig(model=str(model))) == key
    assert synthesis_key(SynthesisConfig(model=str(model), batch_size=3, device="cpu")) == key
    assert synthesis_key(SynthesisConfig(model=str(model), steps=5)) != key
    assert synthesis_key(SynthesisConfig(model=str(model), dtype="bfloat16")) != key
    before = fingerprint(model)
    content = bytearray((model / CANNY).read_bytes())
    content[-1] ^= 1
    (model / CANNY).write_bytes(bytes(content))
    assert fingerprint(model) != before
    assert synthesis_key(SynthesisConfig(model=str(model))) != key


def test_the_recipe_of_a_shard_names_content_and_revision_and_no_place(model, untrained):
    nets = {"canny": str(model / "controlnet_canny")}
    here = SynthesisConfig(model=str(model), controlnets=nets, batch_size=2, device="cuda")
    nets = {"canny": str(untrained / "controlnet_canny")}
    there = SynthesisConfig(model=str(untrained), controlnets=nets)
    assert here.recipe() == there.recipe()
    assert str(model) not in str(here.recipe()) and "cuda" not in str(here.recipe())
    one, two = (SynthesisConfig(model=f"org/name@{revision}") for revision in ("v1", "v2"))
    assert one.recipe()["model"] == "org/name@v1"
    assert synthesis_key(one) != synthesis_key(two)


def test_the_project_comes_with_weights():
    folder = model_folder(EMBEDDED)
    assert folder is not None
    assert sum(file.stat().st_size for file in folder.rglob("*")) <= 16_000_000
    assert not [f for f in folder.rglob("*") if f.suffix in (".bin", ".pt", ".ckpt", ".pkl")]
