"""The last task of reproduce-paper: the report, in the store and as artifacts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from joppo.data.photos.data_uri import markdown_picture
from joppo.data.store.store import Store
from joppo.tasks.retrying import RETRY
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.outcome import Outcome, failures
from joppo.training.reproduction.store import FOLDER, PAGE, write_report


@task(name="report-reproduction", cache_policy=NO_CACHE, persist_result=False, **RETRY)
def report_reproduction(
    config: dict[str, Any],
    evaluation: dict[str, Any],
    base: str,
    store: str,
    snapshot: str,
    outcomes: Sequence[dict[str, Any]],
) -> str:
    """Write the report of all outcomes, and return its key."""
    root = Store(store)
    c, how = ReproduceConfig.model_validate(config), EvaluateConfig.model_validate(evaluation)
    found = [Outcome(**outcome) for outcome in outcomes]
    key = write_report(c, how, Path(base), root, snapshot, found)
    folder = f"{FOLDER}/{key}"
    text = root.read_bytes(f"{folder}/report.md").decode()
    picture = f"{folder}/ablation.png"
    if root.exists(picture):
        drawn = markdown_picture("ablation", root.read_bytes(picture), "image/png")
        text = f"{drawn}\n\n{text}"
    create_markdown_artifact(text, key="reproduction", description=f"Reproduction {key}")
    if lost := [vars(one) for one in failures(found)]:
        create_table_artifact(lost, key="failed-variants", description="What did not complete")
    get_run_logger().info("report: %s/%s/%s", root.root, folder, PAGE)
    return key
