import json

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from joppo.data.scenes.scene import render_scene
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import MapRequest
from joppo.data.synthesis.control_maps import (
    ControlConfig,
    canny_map,
    canny_thresholds,
    control_uri,
    encode_png,
    normalise_depth,
    read_map,
    working_size,
)
from joppo.data.synthesis.control_shard import control_shard
from tests.data.synthesis.synthesis_world import CONTROL, photo


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.mark.parametrize(
    ("width", "height", "size", "expected"),
    [
        (64, 64, 64, (64, 64)),
        (500, 400, 64, (64, 64)),
        (1600, 900, 64, (128, 64)),
        (400, 500, 512, (512, 640)),
        (10, 3000, 64, (64, 19200)),
        (640, 480, 512, (704, 512)),
    ],
)
def test_sides_lie_on_the_grid_and_the_short_one_is_as_asked(width, height, size, expected):
    assert working_size(width, height, size) == expected


def test_a_size_off_the_grid_is_refused():
    with pytest.raises(ValidationError, match="multiple of 64"):
        ControlConfig(size=100)


def test_thresholds_follow_the_contrast_of_the_photo():
    image = render_scene(21, 3, 128).image
    faint = np.round(image * 0.4 + 70).astype(np.uint8)
    strong_high, faint_high = (canny_thresholds(i, CONTROL)[1] for i in (image, faint))
    assert faint_high < 0.7 * strong_high
    # So a dull print of a photo has about the edges of the photo.
    strong_edges, faint_edges = (canny_map(i, CONTROL)[0] > 0 for i in (image, faint))
    assert faint_edges.sum() > 0.6 * strong_edges.sum()


def test_a_plain_wall_with_grain_has_no_edges():
    grain = np.random.default_rng(0).normal(128, 1.5, (64, 64, 1))
    wall = np.repeat(np.round(grain).astype(np.uint8), 3, axis=2)
    assert not canny_map(wall, CONTROL)[0].any()


def test_the_map_is_cv2_canny_with_the_stated_thresholds():
    image = render_scene(16, 1, 64).image
    edges, used = canny_map(image, CONTROL)
    assert np.array_equal(edges, cv2.Canny(image, used["low"], used["high"]))
    assert set(np.unique(edges)) == {0, 255}


def test_depth_is_stretched_with_near_as_white():
    near_is_high = normalise_depth(np.array([[0.2, 0.4], [0.6, 0.7]]))
    assert near_is_high.tolist() == [[0, 102], [204, 255]]
    metres = np.array([[1.0, 3.0], [5.0, 5.0]])
    assert normalise_depth(metres, far_is_high=True).tolist() == [[255, 128], [0, 0]]
    assert not normalise_depth(np.full((2, 2), 7.0)).any()
    with pytest.raises(ValueError, match="non-finite"):
        normalise_depth(np.array([[0.0, np.nan]]))


def test_maps_are_stored_and_not_made_again(store, monkeypatch):
    item = photo(store, 21, 5)
    known = item.known_depth_uri
    items = [
        MapRequest(item.image, "canny"),
        MapRequest(item.image, "depth", known),
    ]
    first = control_shard(items, store, CONTROL)
    assert [row["source"] for row in first["controls"]] == ["canny", "known"]
    canny, depth = (read_map(store, row["uri"]) for row in first["controls"])
    assert canny.shape == depth.shape == (64, 64)
    assert json.loads(first["controls"][0]["params"])["high"] > 0
    assert (depth.min(), depth.max()) == (0, 255)
    monkeypatch.setattr(
        "joppo.data.synthesis.control_shard._compute", lambda *_: pytest.fail("made again")
    )
    assert control_shard(items, store, CONTROL) == first
    assert store.write_shard("controls", "k", first["controls"])["rows"] == 2


def test_another_recipe_or_source_gets_another_place():
    uris = {
        control_uri("a", "canny", CONTROL),
        control_uri("a", "depth", CONTROL),
        control_uri("a", "depth", CONTROL, known_depth=True),
        control_uri("b", "canny", CONTROL),
        control_uri("a", "canny", ControlConfig(size=128)),
        control_uri("a", "canny", ControlConfig(canny_quantile=0.9)),
    }
    assert len(uris) == 6
    assert control_uri("a", "canny", ControlConfig(device="cuda")) in uris


@pytest.mark.parametrize("field", ["depth_model", "midas_weights"])
def test_the_uri_of_a_map_follows_the_weights_and_not_their_place(tmp_path, field):
    weights = {}
    for name, content in {"here": b"same", "there": b"same", "other": b"trained again"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "dpt_hybrid-midas-501f0c75.pt").write_bytes(content)
        config = ControlConfig(depth_model="midas").model_copy(update={field: str(tmp_path / name)})
        weights[name] = control_uri("a", "depth", config)
    assert weights["here"] == weights["there"] != weights["other"]


def test_what_gives_no_map_is_rejected_with_a_reason_and_the_rest_goes_on(store):
    good, no_depth = photo(store, 8, 0), photo(store, 9, 0)
    broken_id, broken_uri = store.put_image(b"\x89PNG\r\n\x1a\n broken", "png")
    broken = dict(good.image, image_id=broken_id, uri=broken_uri)
    gone = dict(good.image, image_id="0" * 64, uri="images/00/gone.png")
    rows = control_shard(
        [
            MapRequest(no_depth.image, "depth"),
            MapRequest(broken, "canny"),
            MapRequest(gone, "canny"),
            MapRequest(good.image, "canny"),
        ],
        store,
        CONTROL,
    )
    assert len(rows["controls"]) == 1
    reasons = [row["reason"] for row in rows["rejects"]]
    assert reasons[0] == "no_depth_source" and reasons[2] == "missing_file"
    assert reasons[1] in ("damaged_image", "truncated_image", "not_an_image")
    assert "depth_model" in rows["rejects"][0]["detail"]


def test_a_transformers_depth_model_is_used_by_its_folder(store, tmp_path):
    from transformers import DPTImageProcessor, GLPNConfig, GLPNForDepthEstimation

    folder = tmp_path / "glpn"
    tiny = GLPNConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[4, 2],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=8,
    )
    GLPNForDepthEstimation(tiny).save_pretrained(folder)
    DPTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    config = ControlConfig(depth_model=str(folder), depth_far_is_high=True)
    image = photo(store, 21, 1).image
    rows = control_shard([MapRequest(image, "depth")], store, config)
    assert rows["rejects"] == []
    assert read_map(store, rows["controls"][0]["uri"]).shape == (64, 64)
    assert rows["controls"][0]["source"] == "glpn"


def test_encoding_is_the_same_each_time():
    image = render_scene(3, 3, 64).image
    assert encode_png(image) == encode_png(image.copy())
