"""What a rehearsal changes in the config of the evaluation."""

from pathlib import Path
from typing import Any

from joppo.training.config import EMBEDDED
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.judges import LATEST
from joppo.training.judges.config import EndpointJudgeConfig, LocalJudgeConfig, is_custom
from joppo.training.rehearsal.changes import Change
from joppo.training.rehearsal.paths import placed
from joppo.training.rehearsal.settings import Settings
from joppo.training.scoring.config import ScorePhotosConfig

LEAST = 6
"""photos of an evaluation set at least"""


def evaluation_changes(
    c: EvaluateConfig, values: dict[str, Any], base: Path, s: Settings
) -> list[Change]:
    """Changes of evaluate-judge.yaml.

    Args:
        values: of the config as it is written.
        base: the folder that its paths start from.
    """
    most = max(LEAST, s.photos // 4)
    sets = [
        placed(one, base, s.datasets) | {"limit": min(most, known.limit or most)}
        for one, known in zip(values["sets"], c.sets, strict=True)
    ]
    changes = [Change("sets", sets, "size")]
    judges = [
        judge
        for given, known in zip(values["judges"], c.judges, strict=True)
        if (judge := _judge(given, known, s)) is not None
    ]
    judges = list({str(judge): judge for judge in judges}.values())
    changes.append(Change("judges", judges, "offline" if s.offline else "tiny"))
    if s.tiny and c.local.max_pixels is not None:
        changes.append(Change("local.max_pixels", None, "tiny"))
    return changes


def scoring_changes(c: ScorePhotosConfig, s: Settings) -> list[Change]:
    """Changes of score-photos.yaml; its judge is the one that the rehearsal trains."""
    if isinstance(c.judge, EndpointJudgeConfig):
        return [] if s.offline else [Change("judge.budget_usd", s.usd, "size")]
    if s.tiny and isinstance(c.judge, LocalJudgeConfig) and c.judge.max_pixels is not None:
        return [Change("judge.max_pixels", None, "tiny")]
    return []


def not_asked(c: EvaluateConfig, s: Settings) -> list[str]:
    """Labels of the judges behind an API that an offline rehearsal leaves out."""
    return [one.label for one in c.judges if isinstance(one, EndpointJudgeConfig) and s.offline]


def _judge(given: Any, known: Any, s: Settings) -> Any:
    """A judge as the rehearsal asks it; None where it does not."""
    if isinstance(known, EndpointJudgeConfig):
        return None if s.offline else given | {"budget_usd": s.usd}
    if isinstance(known, LocalJudgeConfig):
        return given | {"model": EMBEDDED} if s.tiny else given
    bare = isinstance(known, str) and known not in LATEST and not is_custom(known)
    return EMBEDDED if s.tiny and bare else given
