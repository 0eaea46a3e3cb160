"""The last task of reproduce-paper: the report, in the store and as artifacts."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from data.store import Store
from tasks.retrying import RETRY
from training.evaluation.config import EvaluateConfig
from training.reproduction.config import ReproduceConfig
from training.reproduction.outcome import Outcome
from training.reproduction.written import FOLDER, write_report


@task(name="report-reproduction", cache_policy=NO_CACHE, persist_result=False, **RETRY)
def report_reproduction(
    config: dict[str, Any], evaluation: dict[str, Any], base: str, store: str, snapshot: str,
    outcomes: Sequence[dict[str, Any]], problems: Sequence[str],
) -> str:  # fmt: skip
    """Write the report of what was made, and return its key."""
    root = Store(store)
    c, how = ReproduceConfig.model_validate(config), EvaluateConfig.model_validate(evaluation)
    made = [Outcome(**outcome) for outcome in outcomes]
    key = write_report(c, how, Path(base), root, snapshot, made, problems)
    folder = f"{FOLDER}/{key}"
    picture = base64.b64encode(root.read_bytes(f"{folder}/ablation.png")).decode()
    text = root.read_bytes(f"{folder}/report.md").decode()
    create_markdown_artifact(
        f"![ablation](data:image/png;base64,{picture})\n\n{text}", key="reproduction",
        description=f"Reproduction {key}",
    )  # fmt: skip
    lost = [vars(one) for one in made if one.failure] + [{"failure": why} for why in problems]
    if lost:
        create_table_artifact(lost, key="failed-variants", description="What did not complete")
    get_run_logger().info("report: %s/%s/report.html", root.root, folder)
    return key
