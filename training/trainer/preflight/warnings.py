"""What a person should read before and during a training: it runs, but may not be worth its hours.

`data_warnings` looks at the rows of a snapshot, `metric_warnings` at what a run has logged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from joppo.training.config import BestBy, JoppoConfig, SftConfig, TrainConfig
from joppo.training.models.rubric_check import rubric_of_snapshot
from joppo.training.runs.metrics_log import last_values
from joppo.training.runs.plots import VALIDATION
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.examples import Row, held_out_rows, score_prompts, training_rows
from joppo.training.trainer.readings import is_scored, taught_form

Kind = Literal[
    "few_scored_photos",
    "no_scored_validation",
    "undefined_best",
    "untaught_attribute",
    "not_in_form",
    "cut_off",
    "reward_health",
]
FEW_SCORED = 200
"""scored photos below which a judge hardly learns more than their MOS by heart"""
LEAST_COMPARED = 3
"""scored rows that a correlation needs"""
PARSED, CUT, EQUAL = 0.5, 0.1, 0.5
"""shares: of answers in form at least; cut off, and of photos with equal rewards at most"""


@dataclass(frozen=True, slots=True)
class TrainingWarning:
    """A sentence about a training that will run, and what would mend it."""

    kind: Kind
    about: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.about}: {self.remedy}"


def data_warnings(run: Run) -> list[TrainingWarning]:
    """Warnings about the rows of a run's snapshot; nothing is trained or loaded for them.

    Raises:
        SnapshotError: the snapshot has no row to train on.
    """
    rows, held_out, config = training_rows(run), held_out_rows(run), run.config
    found = [*_few_scored(config, rows), *_validation(config, held_out)]
    if isinstance(config, SftConfig):
        rubric = rubric_of_snapshot(score_prompts(run.store, run.snapshot))
        found += untaught(rows, rubric.names if rubric else ())
    return found


def _few_scored(config: TrainConfig, rows: Sequence[Row]) -> Iterator[TrainingWarning]:
    if not isinstance(config, JoppoConfig) or not config.task_weights.get("score"):
        return
    scored = len({row["uri"] for row in rows if row["task"] == "score"})
    if scored < FEW_SCORED:
        yield TrainingWarning(
            "few_scored_photos",
            f"{scored} scored photos to train on",
            "add a dataset with scores (MOS) to the build; some thousands are usual",
        )


def _validation(config: TrainConfig, held_out: Sequence[Row]) -> Iterator[TrainingWarning]:
    if not config.eval_rows:
        return
    scored = sum(map(is_scored, held_out))
    if scored < LEAST_COMPARED:
        yield TrainingWarning(
            "no_scored_validation",
            f"{scored} scored validation rows, of which SRCC and PLCC are undefined",
            "give a dataset with scores a validation split (validation_share of the build)",
        )
    if config.validation_steps and not can_be_best(config.best_by, held_out):
        yield TrainingWarning(
            "undefined_best",
            f"best_by {config.best_by} is undefined on these validation rows",
            "set best_by to another figure",
        )


def can_be_best(by: BestBy, held_out: Sequence[Row]) -> bool:
    """Whether the figure that chooses the best checkpoint can be defined on these rows."""
    scored = sum(map(is_scored, held_out))
    if by in ("srcc", "plcc"):
        return scored >= LEAST_COMPARED
    return len(held_out) > scored if by == "accuracy" else bool(held_out)


def untaught(rows: Sequence[Row], names: Sequence[str]) -> list[TrainingWarning]:
    """Attributes of the rubric that no taught answer scores."""
    forms = [form for row in rows if (form := taught_form(row["answer"]))]
    taught = {name for form in forms for name in form.names}
    missing = [name for name in names if name not in taught]
    if not missing:
        return []
    return [
        TrainingWarning(
            "untaught_attribute",
            f"no SFT answer scores {', '.join(missing)}, for which JoPPO asks",
            "build with a dataset that has labels of them, or with another rubric",
        )
    ]


def metric_warnings(config: TrainConfig, rows: Sequence[dict[str, Any]]) -> list[TrainingWarning]:
    """Warnings about a run, by the newest of its metrics (training.runs.metrics_log)."""
    newest = last_values(list(rows))
    return [
        *_form(newest),
        *_cut(newest, config.max_completion_length),
        *(_health(newest, config) if isinstance(config, JoppoConfig) else ()),
    ]


def _form(newest: Mapping[str, float]) -> Iterator[TrainingWarning]:
    share, of = _newest(newest, "parse_rate", "parse_rate")
    if share is not None and share < PARSED:
        yield TrainingWarning(
            "not_in_form",
            f"{share:.0%} of the {of} are in the agreed form",
            "train SFT longer, on answers of the form that JoPPO asks for",
        )


def _cut(newest: Mapping[str, float], limit: int) -> Iterator[TrainingWarning]:
    share, of = _newest(newest, "completions/clipped_ratio", "cut_off")
    if share is not None and share > CUT:
        yield TrainingWarning(
            "cut_off",
            f"{share:.0%} of the {of} are cut off at {limit} tokens",
            "raise max_completion_length, or have shorter answers written",
        )


def _newest(newest: Mapping[str, float], sampled: str, held_out: str) -> tuple[float | None, str]:
    """A share among sampled answers in JoPPO, else among held-out ones; and which these are."""
    if sampled in newest:
        return newest[sampled], "sampled answers"
    names = (f"after_{held_out}", VALIDATION + held_out)
    return next((newest[name] for name in names if name in newest), None), "held-out answers"


def _health(newest: Mapping[str, float], config: JoppoConfig) -> Iterator[TrainingWarning]:
    equal = newest.get("frac_reward_zero_std", 0.0)
    if equal > EQUAL:
        yield TrainingWarning(
            "reward_health",
            f"the candidates of {equal:.0%} of the photos have equal rewards and teach nothing",
            "train SFT longer, or raise temperature",
        )
    if not config.task_weights.get("score") or "reward_thurstone" not in newest:
        return
    if newest.get("health/parsed") == 0:
        yield TrainingWarning(
            "reward_health",
            "no scored photo had an answer in form, so the joint reward is 0",
            "train SFT longer, on answers of the form that JoPPO asks for",
        )
