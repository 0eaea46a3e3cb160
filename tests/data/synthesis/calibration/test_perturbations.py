import numpy as np
import pytest

from joppo.data.scenes.scene import render_scene
from joppo.data.synthesis.calibration.calibrate import perturbed
from joppo.data.synthesis.calibration.perturbations import DESTROY, KEEP
from tests.data.synthesis.synthesis_world import CONTROL

IMAGE = render_scene(21, 4, 64).image


@pytest.mark.parametrize("name", [*KEEP, *DESTROY])
def test_a_change_keeps_the_form_and_changes_pixels(name):
    change = {**KEEP, **DESTROY}[name]
    before = IMAGE.copy()
    changed = change(IMAGE)
    assert changed.shape == IMAGE.shape and changed.dtype == np.uint8
    assert not np.array_equal(changed, IMAGE)
    assert np.array_equal(IMAGE, before)


def test_the_edge_score_tells_kept_from_destroyed_compositions():
    scenes = [(str(c), render_scene(c, 4, 64).image) for c in (1, 4, 10, 16, 19, 21)]
    assert perturbed(scenes, CONTROL, 1).auc > 0.95
