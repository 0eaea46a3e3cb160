"""A rehearsal warns of what the training's own task warns of."""

from typing import Any

from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.rehearsal.trainings import training_warnings
from joppo.training.trainer.preflight.warnings import metric_warnings


def rows(**values: float) -> list[dict[str, Any]]:
    return [{"step": 1, "name": name, "value": value} for name, value in values.items()]


def test_answers_that_are_not_in_form_or_cut_off_are_warned_of() -> None:
    logged = rows(**{"parse_rate": 0.25, "completions/clipped_ratio": 0.5, "health/parsed": 0.5})
    found = training_warnings(logged, JoppoConfig())
    expected = metric_warnings(JoppoConfig(), logged)
    assert [(one.about, one.remedy) for one in found] == [(w.about, w.remedy) for w in expected]
    assert len(found) == 2 and found[0].about.startswith("25% of the sampled answers")


def test_a_reward_without_figures_of_its_health_is_named() -> None:
    (found,) = training_warnings(rows(parse_rate=1.0), JoppoConfig())
    assert "no figure of the reward's health" in found.about
    assert training_warnings(rows(parse_rate=1.0), SftConfig()) == []
