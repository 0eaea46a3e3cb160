"""Every config in the repository is read by the code that runs it."""

from pathlib import Path

import pytest
import yaml

from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import load_config
from tests.paths import CONFIGS

BUILDS = sorted(CONFIGS.glob("*/build-sft-data.yaml"))


def test_there_is_one_per_profile() -> None:
    assert [path.parent.name for path in BUILDS] == ["embedded", "paper", "single-gpu"]


@pytest.mark.parametrize("path", BUILDS, ids=lambda path: path.parent.name)
def test_build_config(path: Path) -> None:
    config = load_config(BuildSftDataConfig, path)
    assert config.reason_stage.reasoning.routes
    assert config.synthesis is not None


def test_the_paper_profile_is_the_papers() -> None:
    config = load_config(BuildSftDataConfig, CONFIGS / "paper" / "build-sft-data.yaml")
    assert config.teachers is not None and config.synthesis is not None
    assert {source.kind for source in config.datasets} == {"picd", "cadb"}
    providers = {p.provider for p in config.teachers.providers}
    assert providers == {"openai", "gemini", "openai-compatible"}
    assert set(config.synthesis.pipeline.controlnets) == {"depth", "canny"}


@pytest.mark.parametrize("name", ["score-photos", "evaluate-judge"])
@pytest.mark.parametrize("profile", ["embedded", "single-gpu", "paper"])
def test_what_a_model_folder_says_is_not_repeated(profile: str, name: str) -> None:
    """Pixels, rubric and length of answers of a trained judge stand in its run.json alone."""
    values = yaml.safe_load((CONFIGS / profile / f"{name}.yaml").read_text(encoding="utf-8"))
    judges = [values.get("judge", {}), values.get("local", {})]
    assert "rubric" not in values
    for judge in [*judges, *(one for one in values.get("judges", []) if isinstance(one, dict))]:
        assert not {"max_pixels", "max_new_tokens"} & set(judge)
