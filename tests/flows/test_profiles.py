"""Every config in the repository is read by the code that runs it."""

from pathlib import Path

import pytest

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
