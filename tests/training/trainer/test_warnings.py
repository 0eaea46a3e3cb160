"""What would waste a training is said with its remedy, and what is well is not."""

from pathlib import Path
from typing import Any

import pytest

from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.preflight import warnings
from joppo.training.trainer.preflight.batch import best_problems
from joppo.training.trainer.preflight.warnings import data_warnings, metric_warnings, untaught

FULL = "Score: 0.40, composition: 0.10, light: 0.20"


def scores(count: int) -> list[dict[str, Any]]:
    return [{"task": "score", "mos": 0.5, "uri": f"{i}.png", "key": str(i)} for i in range(count)]


def taught(*answers: str) -> list[dict[str, Any]]:
    return [{"task": "aesthetic", "messages": [], "answer": a, "key": a} for a in answers]


def kinds(
    monkeypatch: pytest.MonkeyPatch, config: Any, rows: list[Any], held_out: list[Any]
) -> list[str]:
    monkeypatch.setattr(warnings, "training_rows", lambda run: rows)
    monkeypatch.setattr(warnings, "held_out_rows", lambda run: held_out)
    monkeypatch.setattr(warnings, "score_prompts", lambda store, version: [])
    stage: Any = "sft" if isinstance(config, SftConfig) else "joppo"
    found = data_warnings(Run(stage, config, Store("."), "v1", "p1", Path("run")))
    assert all(one.about and one.remedy and str(one) for one in found)
    return [one.kind for one in found]


def test_scored_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    config = JoppoConfig()
    assert kinds(monkeypatch, config, scores(200), scores(3)) == []
    assert kinds(monkeypatch, config, scores(199), scores(3)) == ["few_scored_photos"]
    assert kinds(monkeypatch, config, scores(200), scores(2)) == ["no_scored_validation"]
    without = JoppoConfig(task_weights={"composition": 1}, eval_rows=0)
    assert kinds(monkeypatch, without, scores(9), []) == []


def test_the_best_has_to_be_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    names = taught("rule of thirds", "center")
    for by, expected in (("srcc", True), ("accuracy", False), ("parse_rate", False)):
        config = SftConfig(validation_steps=5, best_by=by, keep="best")
        assert ("undefined_best" in kinds(monkeypatch, config, names, names)) == expected
        assert bool(best_problems(config, names)) == expected
    assert best_problems(SftConfig(validation_steps=5), names) == []
    config = SftConfig(validation_steps=5, best_by="accuracy", keep="best")
    assert "set best_by to another figure" in best_problems(config, taught(FULL))[0]


def test_attributes_that_no_answer_scores() -> None:
    names = ("composition", "light", "color")
    (found,) = untaught(taught(FULL, "Score: 0.20", "rule of thirds"), names)
    assert found.kind == "untaught_attribute"
    assert "no SFT answer scores color," in found.about
    assert untaught(taught(FULL), ("composition", "light")) == []


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"parse_rate": 0.5, "completions/clipped_ratio": 0.1, "frac_reward_zero_std": 0.5}, []),
        ({"parse_rate": 0.49}, ["not_in_form"]),
        ({"completions/clipped_ratio": 0.11}, ["cut_off"]),
        ({"after_parse_rate": 0.2, "after_cut_off": 0.9}, ["not_in_form", "cut_off"]),
        ({"frac_reward_zero_std": 0.6}, ["reward_health"]),
        ({"reward_thurstone": 0.0, "health/parsed": 0.0}, ["reward_health"]),
        ({"reward_thurstone": 0.4, "health/parsed": 0.9}, []),
    ],
)
def test_metrics(metrics: dict[str, float], expected: list[str]) -> None:
    rows = [{"name": name, "value": value, "step": 1} for name, value in metrics.items()]
    found = metric_warnings(JoppoConfig(), rows)
    assert [one.kind for one in found] == expected
    assert all(one.about and one.remedy for one in found)
