"""Measured facts against pictures whose facts are known by construction."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.photos.claims import claims
from joppo.data.photos.measure import measure
from tests.data.pictures import blurred, checkers, dot, flat, land, painting


@pytest.mark.parametrize("value, tone", [(30, "dark"), (120, "middle"), (220, "bright")])
def test_tone(value: int, tone: str) -> None:
    facts = measure(flat((value, value, value)))
    assert facts.brightness == pytest.approx(value / 255, abs=0.01)
    assert claims(facts)["tone"] == tone


def test_half_dark_half_bright() -> None:
    image = flat((0, 0, 0))
    image[:, 128:] = 255
    facts = measure(image)
    said = claims(facts)
    assert facts.contrast == pytest.approx(0.5, abs=0.01)
    assert facts.shadows == pytest.approx(0.5, abs=0.01)
    assert facts.symmetry == pytest.approx(-1, abs=0.01)
    assert said["contrast"] == "high" and said["light_x"] == "right"
    assert said["symmetry"] == "asymmetric" and said["lines"] == "vertical"
    assert said["saturation"] == "colorless"


def test_mirrored_picture_is_symmetric() -> None:
    half = painting(3)
    facts = measure(np.hstack([half, half[:, ::-1]]))
    assert facts.symmetry == pytest.approx(1, abs=0.02)
    assert claims(facts)["symmetry"] == "symmetric"
    assert claims(facts)["weight_x"] == "center"


def test_sky_over_land_alone_is_no_mirror_symmetry_of_objects() -> None:
    image = land(0.5)
    image[150:220, 20:70] = 255
    assert measure(image).symmetry < 0.3


def test_red_picture() -> None:
    facts = measure(flat((220, 20, 20)))
    said = claims(facts)
    assert [c.name for c in facts.palette] == ["red"] and facts.palette[0].share == 1
    assert said["color"] == "red" and said["saturation"] == "vivid"
    assert said["temperature"] == "warm"


def test_sharpness_falls_with_blur_whatever_the_contrast() -> None:
    sharp = checkers()
    levels = [measure(blurred(sharp, s) if s else sharp).sharpness for s in (0, 1, 2, 3)]
    assert all(level is not None for level in levels)
    assert levels == sorted(levels, reverse=True)
    assert claims(measure(sharp))["sharpness"] == "crisp"
    assert claims(measure(blurred(sharp, 3)))["sharpness"] == "soft"
    faint = (sharp // 2 + 60).astype(np.uint8)
    assert measure(faint).sharpness == pytest.approx(levels[0], abs=0.02)


def test_flat_picture_has_no_sharpness() -> None:
    facts = measure(flat((90, 90, 90)))
    assert facts.sharpness is None and facts.focus_gap is None
    assert "sharpness" not in claims(facts)
    assert sum(facts.directions.values()) == 0


@pytest.mark.parametrize("x, y", [(0.2, 0.2), (0.8, 0.3), (0.5, 0.5), (0.35, 0.75)])
def test_attention_finds_the_odd_spot(x: float, y: float) -> None:
    facts = measure(dot(x, y))
    assert facts.salient_x == pytest.approx(x, abs=0.03)
    assert facts.salient_y == pytest.approx(y, abs=0.03)
    assert claims(facts)["spread"] == "compact"


@pytest.mark.parametrize("height", [0.25, 1 / 3, 0.5, 0.7])
def test_horizon(height: float) -> None:
    facts = measure(land(height))
    assert facts.horizon == pytest.approx(height, abs=0.015)
    assert facts.directions["horizontal"] > 0.95


def test_gradual_change_is_no_horizon() -> None:
    ramp = np.linspace(0, 255, 256).astype(np.uint8)
    assert measure(np.dstack([np.tile(ramp[:, None], (1, 256))] * 3)).horizon is None


def test_focus_on_the_salient_part() -> None:
    sharp, soft = np.zeros((256, 256, 3), np.uint8), blurred(checkers(32), 2.5) // 4 + 60
    disc = dot(0.5, 0.5, radius=50)
    sharp[:] = soft
    inside = (disc[..., 0] > 200) & (disc[..., 1] < 50)
    stripes = np.indices((256, 256))[1] // 8 % 2 == 0
    sharp[inside & stripes] = (250, 240, 40)
    sharp[inside & ~stripes] = (200, 30, 30)
    assert claims(measure(sharp))["focus"] == "subject"


def test_size_hardly_matters() -> None:
    small, large = measure(land(0.3, 256)), measure(land(0.3, 1600))
    assert small.brightness == pytest.approx(large.brightness, abs=0.02)
    assert small.horizon == pytest.approx(large.horizon, abs=0.02)


@given(st.integers(0, 10_000), st.integers(1, 90), st.integers(1, 90))
@settings(max_examples=25, deadline=None)
def test_any_picture_has_facts_in_range(seed: int, height: int, width: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    facts = measure(image)
    assert 0 <= facts.brightness <= 1 and 0 <= facts.contrast <= 0.5
    assert 0 <= facts.saturation <= 1 and -1 <= facts.temperature <= 1
    assert -1.001 <= facts.symmetry <= 1.001
    assert 0 <= facts.salient_x <= 1 and 0 <= facts.salient_y <= 1
    assert sum(c.share for c in facts.palette) <= 1.001
    assert facts == measure(image.copy())


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="measure needs"):
        measure(bad)


def test_mirroring_mirrors_the_facts() -> None:
    image = painting(5)
    facts, mirrored = measure(image), measure(np.ascontiguousarray(image[:, ::-1]))
    assert mirrored.salient_x == pytest.approx(1 - facts.salient_x, abs=0.01)
    assert mirrored.light_x == pytest.approx(-facts.light_x, abs=0.02)
    assert mirrored.symmetry == pytest.approx(facts.symmetry, abs=0.02)


def test_measuring_is_quick() -> None:
    image = painting(1, 256)
    measure(image)
    start = time.process_time()
    for _ in range(20):
        measure(image)
    # The aim is 15 ms; the margin is for busy machines.
    assert (time.process_time() - start) / 20 < 0.045
