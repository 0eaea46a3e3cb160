"""What judges answered in a rehearsal."""

from collections.abc import Mapping, Sequence
from typing import Any

from joppo.training.rehearsal.outcome import Warned
from joppo.training.scoring.calibration import LEAST

_FORM = 0.9


def evaluation_figures(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per judge and set: accuracy, SRCC and PLCC of the total, and how many answers.

    Args:
        rows: of `training.evaluation.results.RESULTS`.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["versus"] is not None or row["origin"] != "measured":
            continue
        place = found.setdefault(
            (row["label"], row["set"]),
            {"judge": row["label"], "set": row["set"], "questions": 0, "unparsed": 0},
        )
        metric = row["metric"]
        if metric in ("accuracy", "srcc", "plcc") and row["of"] is None:
            place.setdefault(metric, row["value"])
        if metric == "parse_rate" and row["of"] is None and row["task"] is not None:
            place["questions"] += row["n"] or 0
            place["unparsed"] += row["unparsed"] or 0
    return list(found.values())


def evaluation_warnings(rows: Sequence[Mapping[str, Any]]) -> list[Warned]:
    """Judges whose answers are not in form."""
    warnings = []
    totals: dict[str, list[int]] = {}
    for one in evaluation_figures(rows):
        count = totals.setdefault(one["judge"], [0, 0])
        count[0] += one["questions"]
        count[1] += one["unparsed"]
    for judge, (questions, unparsed) in totals.items():
        if questions and unparsed / questions > 1 - _FORM:
            warnings.append(
                Warned(
                    f"{judge}: {unparsed} of {questions} answers of the evaluation are not in form",
                    "of a judge without SFT that is usual; else see the predictions, and raise "
                    "max_new_tokens where they are cut off",
                )
            )
    return warnings


def calibration_split(scored: Mapping[str, int]) -> str | None:
    """The split to calibrate on: validation, all where that is too small, None where all are.

    Args:
        scored: split -> photos with a human score.
    """
    if scored.get("validation", 0) >= LEAST:
        return "validation"
    return "all" if sum(scored.values()) >= LEAST else None


def calibration_warnings(scored: Mapping[str, int]) -> list[Warned]:
    """Too few validation photos to calibrate on."""
    validation = scored.get("validation", 0)
    if validation >= LEAST:
        return []
    return [
        Warned(
            f"{validation} scored validation photos in this rehearsal, of the {LEAST} that a "
            "calibration needs: it was tried on photos of all splits",
            "nothing to do if the full corpus has more (see labels above, and validation_share)",
        )
    ]


def scoring_warnings(stage: str, answered: int, photos: int) -> list[Warned]:
    """A judge whose scores could not be read."""
    if photos and answered / photos >= _FORM:
        return []
    return [
        Warned(
            f"{stage}: {photos - answered} of {photos} photos have no score, because the answer is "
            "not in form",
            "after two steps that may be; see it again after the training",
        )
    ]
