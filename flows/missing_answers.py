"""What a build does about missing answers: say so, and publish only where that is allowed."""

from collections.abc import Sequence

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from joppo.data.reasoning.missing_answers import MissingCount, add_up
from joppo.flows.runner import ShardsFailedError
from joppo.tasks.manifest import Manifest


class AnswersMissingError(ShardsFailedError):
    """More answers are missing than `reasoning.accept_missing` allows; all others are kept."""


def check_missing(texts: Sequence[Manifest], accepted: float, again: str) -> None:
    """Report the missing answers of all shards, as a table and in the log.

    Args:
        texts: manifests of the reasoning stage.
        accepted: largest share of the answers that may be missing, 0 to 1.
        again: what starts the run again.

    Raises:
        AnswersMissingError: more are missing than that.
    """
    missing = add_up(row for one in texts for row in one.get("extra", {}).get("missing", []))
    if not missing:
        return
    asked = sum(one["counts"].get("responses", 0) for one in texts)
    create_table_artifact(
        key="missing-answers",
        table=[dict(row) for row in missing],
        description="Answers that did not come, by teacher and reason; the next run asks for them",
    )
    count = sum(row["count"] for row in missing)
    text = f"{count} of {asked} answers are missing: {'; '.join(map(_line, missing))}"
    if count > accepted * asked:
        raise AnswersMissingError(
            f"{text}. Everything else is done and kept, and nothing is published. Run again to ask "
            f"for these alone: {again} (or accept a share of them: reasoning.accept_missing)"
        )
    get_run_logger().warning("%s. Published without them (reasoning.accept_missing).", text)


def _line(row: MissingCount) -> str:
    return f"{row['count']} of {row['teacher']} ({row['reason']}: {row['detail']})"
