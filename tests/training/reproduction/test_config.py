"""The config of an experiment refuses what could not be reported honestly."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from joppo.flows.cli.actions.reproduce import more_seeds
from joppo.flows.config import load_config
from joppo.flows.reproduction.experiment import Experiment
from joppo.training.reproduction.config import ReproduceConfig
from tests.paths import CONFIGS
from tests.training.reproduction.experiment import SCENES, config

SHIPPED = sorted(CONFIGS.glob("*/reproduce-paper.yaml"))


def test_there_is_one_for_a_laptop_and_one_for_the_paper() -> None:
    assert [path.parent.name for path in SHIPPED] == ["embedded", "paper"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_every_config_that_it_names_is_there_and_takes_its_values(path: Path) -> None:
    found = load_config(ReproduceConfig, path)
    Experiment(found, path.parent, "store").check()
    names = [variant.name for variant in found.variants]
    assert names == ["base", "sft", "without-sft", "without-joppo", "literal", "full"]
    assert len(found.seeds) == 3 and found.tuned_on and found.about


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeds": [1, 100], "tuned_on": [100]}, r"seeds \[100\] were used to choose"),
        ({"seeds": [1, 1]}, "two seeds are called the same"),
        ({"seeds": []}, "at least 1 item"),
        ({"full": "nothing"}, "full is 'nothing', which is no variant"),
        ({"variants": [{"name": "full", "about": "x"}] * 2}, "two variants are called the same"),
        ({"sets": [{"name": "a", "scenes": SCENES}] * 2}, "two sets are called the same"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_a_config_that_cannot_be_reported_is_refused(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        config(**values)


def test_more_seeds_are_never_those_it_was_tuned_on() -> None:
    assert more_seeds(config(), None) == {}
    assert more_seeds(config(seeds=[0], tuned_on=[1, 100]), 4) == {"seeds": [0, 2, 3, 4]}
    assert more_seeds(config(tuned_on=[100]), 5) == {"seeds": [0, 1, 2, 3, 4]}
