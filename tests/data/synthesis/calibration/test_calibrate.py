import json

import numpy as np
import pytest
from PIL import Image

from joppo.data.corpus.publish import publish
from joppo.data.scenes.scene import render_scene
from joppo.data.store.store import Store
from joppo.data.synthesis.calibration import calibration_pairs
from joppo.data.synthesis.calibration.calibrate import (
    edge_separations,
    gate_figures,
    main,
    read_photos,
    report,
)
from joppo.data.synthesis.calibration.calibration_pairs import scenes_set, store_pairs
from joppo.data.synthesis.checkpoint_files import EMBEDDED, model_folder
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.control_shard import control_shard
from joppo.data.synthesis.gate import GateConfig, gate_shard
from joppo.data.synthesis.generate import synthesize_shard
from joppo.data.taxonomy.categories import CATEGORIES
from tests.data.synthesis.synthesis_world import CONTROL, Painter, synthesized, world

GATE = GateConfig()


@pytest.fixture
def painted(monkeypatch):
    """Images are painted without a model."""

    def paint(attempts, store, config):
        return synthesize_shard(attempts, store, config, Painter())

    monkeypatch.setattr(calibration_pairs, "synthesize_shard", paint)


@pytest.fixture
def scenes(tmp_path, painted):
    """One held-out scene per category, every control."""
    return scenes_set(Store(tmp_path / "bench"), CONTROL, SynthesisConfig(), 1)


@pytest.fixture
def pairs_of_seeds(tmp_path, painted, monkeypatch):
    """Two scenes of each of three categories, every control."""
    monkeypatch.setattr(calibration_pairs, "CATEGORIES", {1: None, 4: None, 8: None})
    return scenes_set(Store(tmp_path / "bench"), CONTROL, SynthesisConfig(), 2)


def attempts_of(images):
    return [result.attempt for result in images.results]


def test_own_controls_score_above_foreign_ones(scenes):
    found = {s.name: s for s in edge_separations(scenes, CONTROL, GATE)}
    assert set(found) == {"canny", "depth", "depth+canny"}
    assert all(len(s.own) == 24 for s in found.values())
    assert found["canny"].auc > 0.95 and found["depth+canny"].auc > 0.95


def test_every_attempt_has_a_foreign_control_of_its_kind(scenes):
    others = scenes.foreign_controls()
    for attempt in attempts_of(scenes):
        foreign = others[attempt.attempt_id]
        assert set(foreign) == set(attempt.control_uris)
        assert foreign != attempt.control_uris


def test_the_foreign_control_is_of_another_category(pairs_of_seeds):
    category = {str(a.control_uris): a.category for a in attempts_of(pairs_of_seeds)}
    others = pairs_of_seeds.foreign_controls()
    for attempt in attempts_of(pairs_of_seeds):
        assert category[str(others[attempt.attempt_id])] != attempt.category


def test_gate_figures_count_what_passes_and_what_is_stopped(scenes):
    figures = gate_figures("scenes", scenes, GATE, CONTROL)
    assert figures["attempts"] == 72
    assert sum(figures["reasons"].values()) == 72
    assert figures["passed_by_control"]["canny"] > 0.5
    assert figures["shuffled_stopped"] > 0.8
    separations = [s.row() for s in edge_separations(scenes, CONTROL, GATE)]
    text = report({"separations": separations, "gate": [figures]})
    assert "depth+canny" in text and "shuffled pairs are stopped" in text


def test_a_published_corpus_is_calibrated_without_making_an_image(tmp_path):
    store = Store(tmp_path / "store")
    plan = world(store, controls={"canny": 1.0})
    rows = gate_shard(synthesized(plan, store), store, GATE, CONTROL)
    controls = control_shard(plan.maps, store, CONTROL)["controls"]
    parents = {a.parent_id: a.parent for a in plan.attempts}
    refs = [
        store.write_shard("syntheses", "s", rows["syntheses"]),
        store.write_shard("images", "i", [*rows["images"], *parents.values()]),
        store.write_shard("controls", "c", controls),
    ]
    publish(store, refs, config_hash="0", inputs={})
    pairs = store_pairs(store, None, CONTROL, 1)
    assert len(pairs["canny"]) == len(plan.attempts)
    own, other = np.array(pairs["canny"]).mean(axis=0)
    assert own > other
    result = main(["--store", store.root, "--out", str(tmp_path / "out")])
    assert result["gate"] == []
    saved = json.loads((tmp_path / "out/calibration.json").read_text())
    assert saved == result and saved["separations"][0]["name"] == "canny"
    assert (tmp_path / "out/calibration.png").exists()


def test_photos_are_read_at_working_size_and_an_empty_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no photo"):
        list(read_photos(tmp_path, CONTROL, 9))
    Image.fromarray(render_scene(1, 1, 128).image).resize((500, 400)).save(tmp_path / "b.jpg")
    (tmp_path / "a.txt").write_text("no photo")
    ((name, image),) = read_photos(tmp_path, ControlConfig(), 9)
    assert name == "b.jpg" and image.shape == (64, 64, 3)


def test_the_embedded_weights_keep_the_control(tmp_path, monkeypatch):
    """The shipped pipeline on a few held-out scenes; `make calibrate` measures all of it."""
    assert model_folder(EMBEDDED) is not None
    some = {category: CATEGORIES[category] for category in (1, 4, 8, 16, 19, 21)}
    monkeypatch.setattr(calibration_pairs, "CATEGORIES", some)
    scenes = scenes_set(Store(tmp_path), CONTROL, SynthesisConfig(), 1)
    found = {s.name: s for s in edge_separations(scenes, CONTROL, GATE)}
    assert found["canny"].ratio > 3 and found["canny"].auc > 0.95
    assert found["depth+canny"].ratio > 3 and found["depth+canny"].auc > 0.95
    assert found["depth"].auc > 0.7
