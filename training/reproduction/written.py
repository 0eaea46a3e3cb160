"""A report in the store, under a content hash of all that it is made of.

reproductions/<key>/report.html     stands alone
reproductions/<key>/report.md
reproductions/<key>/*.png
reproductions/latest                names a key
"""

from collections.abc import Sequence
from pathlib import Path

from data.hashing import SHORT, content_hash
from data.store import Store
from training.evaluation.config import EvaluateConfig
from training.reproduction.config import ReproduceConfig
from training.reproduction.findings import gather
from training.reproduction.outcome import Outcome
from training.reproduction.report import make_report

RECIPE_VERSION = 1
FOLDER = "reproductions"


def report_key(
    config: ReproduceConfig, snapshot: str, outcomes: Sequence[Outcome], problems: Sequence[str]
) -> str:
    """16 hex characters; run ids name the judges, paths do not matter."""
    made = [[o.variant, o.seed, o.run, o.judge is not None, o.failure] for o in outcomes]
    values = config.model_dump(mode="json", exclude={"timeout_h"})
    return content_hash(RECIPE_VERSION, values, snapshot, made, list(problems))[:SHORT]


def write_report(
    config: ReproduceConfig, evaluation: EvaluateConfig, base: Path, store: Store, snapshot: str,
    outcomes: Sequence[Outcome], problems: Sequence[str],
) -> str:  # fmt: skip
    """Write the report unless it is there, and return its key. The page is written last.

    Raises:
        StoreError: the store cannot be read or written.
    """
    key = report_key(config, snapshot, outcomes, problems)
    folder = f"{FOLDER}/{key}"
    if not store.exists(f"{folder}/report.html"):
        report = make_report(gather(config, evaluation, base, store, snapshot, outcomes))
        for name, picture in report.pictures.items():
            store.write_bytes(f"{folder}/{name}.png", picture)
        store.write_bytes(f"{folder}/report.md", report.text.encode())
        store.write_bytes(f"{folder}/report.html", report.page.encode())
    store.write_bytes(f"{FOLDER}/latest", f"{key}\n".encode())
    return key
