"""The configs of a profile as a rehearsal runs them: read, changed, written beside its store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from joppo.data.config import StageConfig
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import NO_CONFIG, ConfigError, find_config, read_values, validated
from joppo.flows.rehearsal.build_changes import build_changes
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.rehearsal.changes import Change, Listed, applied, listed
from joppo.training.rehearsal.judge_changes import (
    evaluation_changes,
    not_asked,
    scoring_changes,
)
from joppo.training.rehearsal.settings import Settings
from joppo.training.rehearsal.training_changes import joppo_changes, sft_changes
from joppo.training.scoring.config import ScorePhotosConfig

CONFIGS = Path("configs")
BUILD, SFT, JOPPO, EVALUATE, SCORE = (
    "build-sft-data.yaml",
    "train-sft.yaml",
    "train-joppo.yaml",
    "evaluate-judge.yaml",
    "score-photos.yaml",
)


@dataclass(frozen=True)
class Profile:
    """The configs of a profile, as they stand in its folder."""

    folder: Path
    build: BuildSftDataConfig
    sft: SftConfig
    joppo: JoppoConfig
    evaluate: EvaluateConfig
    score: ScorePhotosConfig

    @property
    def name(self) -> str:
        return self.folder.resolve().name


def find_profile(profile: str) -> Path:
    """The folder of a profile: a name of `configs/`, or a folder of configs.

    Raises:
        ConfigError: there is no such folder.
    """
    for folder in (Path(profile), find_config(CONFIGS / profile / BUILD).parent):
        if (folder / BUILD).is_file():
            return folder
    there = sorted(path.parent.name for path in CONFIGS.glob(f"*/{BUILD}")) or ["embedded"]
    raise ConfigError(
        f"{profile}: no such profile; there are {', '.join(there)}, or give a folder with {BUILD}, "
        f"{SFT}, {JOPPO}, {EVALUATE} and {SCORE}"
    )


def read_profile(folder: Path) -> Profile:
    """The configs of a folder.

    Raises:
        ConfigError: one is missing or wrong.
    """

    def read(kind: type[Any], name: str) -> Any:
        return validated(kind, _values(folder, name), folder / name)

    return Profile(
        folder,
        read(BuildSftDataConfig, BUILD),
        read(SftConfig, SFT),
        read(JoppoConfig, JOPPO),
        read(EvaluateConfig, EVALUATE),
        read(ScorePhotosConfig, SCORE),
    )


def write_rehearsed(
    profile: Profile, settings: Settings, out: Path, depth: Path
) -> tuple[list[Listed], list[str]]:
    """Write the changed configs to `out`.

    Args:
        depth: folder of the tiny depth model.

    Returns:
        What was changed, and labels of the judges that are not asked.

    Raises:
        ConfigError: a changed config is not valid.
    """
    values = {name: _values(profile.folder, name) for name in (BUILD, SFT, JOPPO, EVALUATE, SCORE)}
    base = profile.folder
    changes: dict[str, tuple[type[StageConfig], Sequence[Change]]] = {
        BUILD: (
            BuildSftDataConfig,
            build_changes(profile.build, values[BUILD], base, settings, depth),
        ),
        SFT: (SftConfig, sft_changes(profile.sft, settings)),
        JOPPO: (JoppoConfig, joppo_changes(profile.joppo, settings)),
        EVALUATE: (
            EvaluateConfig,
            evaluation_changes(profile.evaluate, values[EVALUATE], base, settings),
        ),
        SCORE: (ScorePhotosConfig, scoring_changes(profile.score, settings)),
    }
    out.mkdir(parents=True, exist_ok=True)
    all_changes: list[Listed] = []
    for name, (kind, changed) in changes.items():
        new = applied(values[name], changed)
        validated(kind, new, f"{profile.folder / name}, as the rehearsal changes it")
        (out / name).write_text(yaml.safe_dump(new, sort_keys=False), encoding="utf-8")
        all_changes += listed(name, values[name], changed)
    return all_changes, not_asked(profile.evaluate, settings)


def _values(folder: Path, name: str) -> dict[str, Any]:
    return read_values(folder / name, NO_CONFIG)
