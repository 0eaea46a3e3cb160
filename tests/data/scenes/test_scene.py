"""Embedded photos: determinism, truth of labels, and attributes that show in the pixels."""

import hashlib
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from joppo.data.scenes.scene import ATTRIBUTES, contact_sheet, render_scene, true_score
from tests.data.scenes.scene_measures import MEASURES, saturation

SIZE = 64
GOOD = dict.fromkeys(ATTRIBUTES, 1.0)
unit = st.floats(-1, 1)


@pytest.fixture(scope="module")
def scenes():
    # 96 px: below that, blur by a pixel or less is hard to measure.
    return [render_scene(c, s, 96) for c in range(1, 25) for s in range(100, 110)]


@pytest.mark.parametrize("style", ["default", "alt"])
@pytest.mark.parametrize("category", range(1, 25))
def test_every_category_renders_valid_truth(category, style):
    for seed in range(4):
        scene = render_scene(category, seed, 64, style)
        assert scene.image.shape == (64, 64, 3) and scene.image.dtype == np.uint8
        assert scene.depth.shape == (64, 64) and scene.depth.dtype == np.float32
        assert scene.depth.min() >= 0 and scene.depth.max() <= 1
        assert scene.image.std() > 4
        assert scene.perspective in ("one-point", "two-point", "none")
        assert (scene.vanishing is None) == (scene.perspective == "none")
        assert scene.horizon is None or 0 <= scene.horizon <= 1
        assert 0 <= scene.mos <= 1 and scene.mos == pytest.approx((scene.mos_raw - 1) / 4)
        assert set(scene.attributes) == set(ATTRIBUTES)
        assert scene.words["subject"] in scene.caption
        assert scene.subject.sum() > 10


_CODE = """
import hashlib
from joppo.data.scenes.scene import render_scene
h = hashlib.sha256()
for c in (1, 4, 14, 18, 21, 22, 23):
    s = render_scene(c, 5, 64, "alt" if c % 2 else "default")
    h.update(s.image.tobytes() + s.depth.tobytes() + repr((s.caption, s.mos, s.vanishing)).encode())
print(h.hexdigest())
"""


def test_same_bytes_in_other_processes():
    digests = set()
    for hash_seed, threads in (("1", "1"), ("77", "2")):
        env = os.environ | {"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-c", _CODE], env=env, capture_output=True, text=True, check=True
        )
        digests.add(run.stdout.strip())
    here = hashlib.sha256()
    np.random.seed(3)
    for c in (1, 4, 14, 18, 21, 22, 23):
        s = render_scene(c, 5, 64, "alt" if c % 2 else "default")
        here.update(s.image.tobytes() + s.depth.tobytes())
        here.update(repr((s.caption, s.mos, s.vanishing)).encode())
    assert digests == {here.hexdigest()}


def test_opencv_keeps_its_thread_count():
    before = cv2.getNumThreads()
    render_scene(1, 0, 64)
    assert cv2.getNumThreads() == before


@pytest.mark.parametrize("category", range(1, 25))
def test_sizes_show_the_same_scene(category):
    large = render_scene(category, 2, 256, attributes={"depth_of_field": 0.0})
    small = render_scene(category, 2, 64, attributes={"depth_of_field": 0.0})
    assert large.caption == small.caption and large.vanishing == small.vanishing

    def coarse(image):
        return cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA).astype(float).ravel()

    assert np.corrcoef(coarse(large.image), coarse(small.image))[0, 1] > 0.9


def test_seeds_and_styles_differ():
    images = {
        render_scene(3, s, 64, style).image.tobytes()
        for s in range(6)
        for style in ("default", "alt")
    }
    assert len(images) == 12


# --- geometry of the categories --------------------------------------------------------------
def _centre(scene):
    weight = scene.subject / scene.subject.sum()
    axis = (np.arange(SIZE) + 0.5) / SIZE
    return float((weight.sum(0) * axis).sum()), float((weight.sum(1) * axis).sum())


@pytest.mark.parametrize(
    ("category", "xs", "tolerance"),
    [
        (1, (1 / 3, 2 / 3), 0.07),
        (2, (0.22, 0.78), 0.09),
        (3, (0.5,), 0.07),
        (4, (0.5,), 0.09),
        (12, (0.5,), 0.12),
        (13, (1 / 3, 2 / 3), 0.13),
        (15, (0.5,), 0.08),
        (16, (0.5,), 0.1),
        (18, (0.5,), 0.07),
        (20, (0.5,), 0.08),
    ],
)
def test_subject_stands_where_the_category_says(category, xs, tolerance):
    for seed in range(10):
        x, _ = _centre(render_scene(category, seed, SIZE, attributes=GOOD))
        assert min(abs(x - wanted) for wanted in xs) < tolerance, (seed, x)


def test_small_subjects_are_small_and_large_ones_large():
    def share(category):
        return np.mean(
            [render_scene(category, s, SIZE, attributes=GOOD).subject.mean() for s in range(8)]
        )

    assert max(share(1), share(3)) < 0.04 < 0.07 < min(share(2), share(4), share(10))


def test_diagonal_row_and_column_have_their_direction():
    def spread(category, seed):
        s = render_scene(category, seed, SIZE, attributes=GOOD).subject > 0.5
        y, x = np.nonzero(s)
        return np.std(x), np.std(y), np.corrcoef(x, y)[0, 1]

    for seed in range(8):
        x, y, _ = spread(7, seed)
        assert x > 2.5 * y
        x, y, _ = spread(11, seed)
        assert y > 2 * x
        assert abs(spread(5, seed)[2]) > 0.75


@pytest.mark.parametrize(("category", "heights"), [(8, (0.5,)), (9, (1 / 3, 2 / 3))])
def test_horizon_is_where_the_depth_ends(category, heights):
    for seed in range(8):
        scene = render_scene(category, seed, SIZE, attributes=GOOD)
        assert min(abs(scene.horizon - h) for h in heights) < 0.04
        sky = scene.depth[: int((scene.horizon - 0.2) * SIZE)]
        land = scene.depth[int((scene.horizon + 0.05) * SIZE) :]
        assert np.median(sky) == 0 and land.min() > 0
        rows = np.median(land, axis=1)
        assert np.all(np.diff(rows) > -1e-3) and rows[-1] > 0.9


def test_perspective_category_always_has_a_vanishing_point():
    kinds = {render_scene(21, s, 64).perspective for s in range(30)}
    assert kinds == {"one-point", "two-point"}
    others = {render_scene(c, s, 64).perspective for c in (6, 16) for s in range(12)}
    assert others == {"none", "one-point"}


def test_edges_of_a_road_point_at_the_vanishing_point():
    """Depth along one-point views shrinks towards the stated point."""
    for seed in range(12):
        scene = render_scene(21, seed, SIZE, attributes=GOOD)
        if scene.perspective != "one-point":
            continue
        x, y = scene.vanishing
        near, far = (
            scene.depth[int(v * (SIZE - 1)), int((0.5 + (x - 0.5) * t) * (SIZE - 1))]
            for v, t in ((0.97, 0.0), (y + 0.05, 1.0))
        )
        assert near > far + 0.4


def test_tilt_moves_horizon_and_vanishing_point_with_the_pixels():
    for seed in range(8):
        level = render_scene(21, seed, SIZE, attributes=GOOD)
        tilted = render_scene(21, seed, SIZE, attributes={**GOOD, "composition": -1.0})
        assert level.vanishing != tilted.vanishing
        assert level.words["subject"] == tilted.words["subject"]


# --- attributes and score --------------------------------------------------------------------
@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_attribute_moves_its_own_measure(attribute):
    measure, wins = MEASURES[attribute], []
    for category in range(1, 25):
        low = render_scene(category, 7, SIZE, attributes={attribute: -1.0})
        high = render_scene(category, 7, SIZE, attributes={attribute: 1.0})
        assert not np.array_equal(low.image, high.image)
        wins.append(measure(high) > measure(low))
    assert np.mean(wins) >= 0.85


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_attribute_can_be_measured_over_many_scenes(attribute, scenes):
    """All five vary at once; scenes are compared with the others of their category."""
    values = np.array([MEASURES[attribute](s) for s in scenes]).reshape(24, -1)
    truth = np.array([s.attributes[attribute] for s in scenes])
    values = (values - np.nanmean(values, axis=1, keepdims=True)).ravel()
    keep = np.isfinite(values)
    assert keep.mean() > 0.95
    assert spearmanr(values[keep], truth[keep])[0] > 0.5


def test_color_also_shows_in_saturation(scenes):
    truth = [s.attributes["color"] for s in scenes]
    assert spearmanr([saturation(s) for s in scenes], truth)[0] > 0.4


def test_attributes_are_independent_of_each_other(scenes):
    table = np.array([[s.attributes[a] for a in ATTRIBUTES] for s in scenes])
    off = np.corrcoef(table.T) - np.eye(5)
    assert np.abs(off).max() < 0.2
    assert table.min() < -0.95 and table.max() > 0.95


@settings(max_examples=60)
@given(st.fixed_dictionaries(dict.fromkeys(ATTRIBUTES, unit)), st.sampled_from(ATTRIBUTES), unit)
def test_true_score_rises_in_each_attribute(values, name, other):
    low, high = sorted((values[name], other))
    below, above = true_score({**values, name: low}), true_score({**values, name: high})
    assert 0 <= below <= above <= 1
    if high - low > 1e-3:
        assert below < above


def test_score_ends():
    assert true_score(dict.fromkeys(ATTRIBUTES, -1.0)) == pytest.approx(0, abs=1e-9)
    assert true_score(GOOD) == pytest.approx(1, abs=1e-9)


def test_more_raters_agree_better_with_the_true_score():
    def error(raters):
        drawn = [render_scene(1, s, 16, raters=raters) for s in range(40)]
        return np.mean([abs(s.mos - s.mos_true) for s in drawn])

    assert error(100) < error(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "category"),
        ((1, 1, 64, "oil"), "style"),
        ((1, 1, 8), "size"),
        ((1, 1, 64, "default", {"sharpness": 0.1}), "sharpness"),
        ((1, 1, 64, "default", {"light": 1.2}), "light"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        render_scene(*arguments)


def test_contact_sheet_has_a_row_per_category():
    sheet = contact_sheet(32, range(3), categories=(1, 2))
    assert sheet.shape == (2 * 34, 3 * 34, 3)
