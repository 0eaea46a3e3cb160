"""Calibration: isotonic, beside the model, and only for the judge that it was fitted for."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.store.files import FileStore
from joppo.data.store.store import Store
from joppo.training.scoring.calibrating import calibrate
from joppo.training.scoring.calibration import (
    Calibration,
    CalibrationError,
    fit,
    load,
    place_of,
    save,
)
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.run import calibration_place
from joppo.training.scoring.score_cache import ScoreCache
from tests.training.scoring.judging_by_eye import EyeJudge

ABOUT = {"judge": "j@1", "prompt_id": "p", "source": "snapshot x, validation"}
PAIRS = st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1)), min_size=10, max_size=60)


def of(pairs: list[tuple[float, float]]) -> Calibration:
    return fit([t for t, _ in pairs], [m for _, m in pairs], **ABOUT)


@given(PAIRS)
def test_it_is_the_isotonic_fit_and_keeps_the_order(pairs: list[tuple[int, float]]) -> None:
    scaled = [(total / 100, mos) for total, mos in pairs]
    made = of(scaled)
    assert all(a < b for a, b in zip(made.totals, made.totals[1:], strict=False))
    assert all(a <= b for a, b in zip(made.values, made.values[1:], strict=False))
    fitted = {total: made(total) for total, _ in scaled}
    for total, value in fitted.items():
        assert value == pytest.approx(_min_max(scaled, total), abs=1e-9)
        assert -1e-9 <= value <= 1 + 1e-9


def _min_max(pairs: list[tuple[float, float]], x: float) -> float:
    """The isotonic regression at x by its min-max formula (Robertson et al. 1988)."""
    points = sorted({total for total, _ in pairs})

    def mean(low: float, high: float) -> float:
        return float(np.mean([m for t, m in pairs if low <= t <= high]))

    return max(min(mean(a, b) for b in points if b >= x) for a in points if a <= x)


def test_between_and_beyond_the_knots() -> None:
    made = of([(n / 10, 0.2 + n / 20) for n in range(10)])
    assert made(0.05) == pytest.approx(0.225)
    assert made(-1) == pytest.approx(0.2) and made(5) == pytest.approx(0.65)
    flat = of([(n / 10, 1 - n / 10) for n in range(10)])
    assert flat.totals == (0.0, 0.9) and flat(0.3) == pytest.approx(0.55)


def test_stored_and_read_again(tmp_path: Path) -> None:
    made = of([(n / 10, n / 10) for n in range(10)])
    folder = FileStore(tmp_path)
    save(made, folder)
    assert load(folder, "j@1", "p") == made
    assert json.loads((tmp_path / "calibration.json").read_text())["photos"] == 10


def test_another_judge_s_a_missing_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    folder = FileStore(tmp_path)
    with pytest.raises(CalibrationError, match="joppo calibrate"):
        load(folder, "j@1", "p")
    save(of([(n / 10, n / 10) for n in range(10)]), folder)
    for judge, prompt in (("j@2", "p"), ("j@1", "q")):
        with pytest.raises(CalibrationError, match="is that of j@1"):
            load(folder, judge, prompt)
    for text in ("{", "{}", '{"totals": 3, "values": []}'):
        (tmp_path / "calibration.json").write_text(text)
        with pytest.raises(CalibrationError, match="damaged"):
            load(folder, "j@1", "p")


def test_few_photos_are_too_few() -> None:
    with pytest.raises(CalibrationError, match="at least 10"):
        of([(0.1, 0.2)] * 9)


def test_it_lies_beside_the_model_or_in_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    beside = ScoringConfig.model_validate({"judge": {"model": str(tmp_path)}})
    folder, name = calibration_place(beside, store, "j@1")
    assert (folder.root, name) == (str(tmp_path), "calibration.json")
    folder, name = calibration_place(ScoringConfig(), store, "j@1*8")
    assert (folder.root, name) == (f"{store.root}/calibrations", "j@1-8.json")
    assert place_of(None, "memory://x", "j@1")[0].root == "memory://x/calibrations"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Store:
    from benchmarks.scene_corpus import build
    from joppo.data.scenes.scene_source import SceneSourceConfig

    made = Store(tmp_path_factory.mktemp("store"))
    build(made, SceneSourceConfig(per_category=8, size=64))
    return made


def test_fitted_on_the_human_scores_of_a_snapshot(snapshot: Store) -> None:
    config = ScoringConfig()
    judge, key = EyeJudge(), config.question().prompt_id
    made = calibrate(judge, ScoreCache(snapshot, judge.name, key), snapshot, config, split="train")
    assert made.photos == len(judge.asked) >= 50 and made.judge == judge.name
    assert made.source.endswith("train")
    again = EyeJudge()
    assert (
        calibrate(again, ScoreCache(snapshot, again.name, key), snapshot, config, split="train")
        == made
    )
    assert again.asked == []
