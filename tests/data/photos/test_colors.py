"""Named colours: swatches that people agree on, shares, and small patches left out."""

import numpy as np
import pytest

from joppo.data.photos.colors import MIN_SHARE, name_colors
from tests.data.pictures import flat


@pytest.mark.parametrize(
    "rgb, name",
    [
        ((0, 0, 0), "black"),
        ((128, 128, 128), "grey"),
        ((255, 255, 255), "white"),
        ((220, 20, 20), "red"),
        ((250, 140, 10), "orange"),
        ((250, 230, 30), "yellow"),
        ((40, 160, 40), "green"),
        ((20, 160, 160), "teal"),
        ((30, 60, 200), "blue"),
        ((130, 40, 190), "purple"),
        ((250, 120, 180), "pink"),
        ((110, 70, 30), "brown"),
        ((225, 205, 165), "beige"),
        ((135, 190, 240), "blue"),
        ((25, 30, 70), "blue"),
        ((240, 170, 170), "pink"),
        ((90, 110, 40), "green"),
        ((12, 10, 20), "black"),
    ],
)
def test_swatches(rgb: tuple[int, int, int], name: str) -> None:
    assert [c.name for c in name_colors(flat(rgb, 8))] == [name]


def test_shares_are_areas_by_falling_share() -> None:
    image = flat((30, 60, 200), 20)
    image[:5] = (220, 20, 20)
    found = name_colors(image)
    assert [(c.name, c.share) for c in found] == [("blue", 0.75), ("red", 0.25)]


def test_small_patches_are_left_out() -> None:
    image = flat((30, 60, 200), 20)
    image[0, :10] = (220, 20, 20)
    assert MIN_SHARE > 10 / 400
    assert [c.name for c in name_colors(image)] == ["blue"]


def test_every_color_of_the_cube_has_a_name() -> None:
    steps = np.linspace(0, 255, 16).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)
    found = name_colors(cube)
    assert found and all(c.share <= 1 for c in found)
