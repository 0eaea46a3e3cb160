"""A report in the store, under a content hash of all that it is made of.

reproductions/<key>/report.html     stands alone
reproductions/<key>/report.md
reproductions/<key>/*.png
reproductions/latest                names a key
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.judges import NamedJudge
from joppo.training.evaluation.run import load_sets
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.findings import gather, named
from joppo.training.reproduction.outcome import Outcome
from joppo.training.reproduction.report import make_report, package_versions

RECIPE_VERSION = 2
"""Raised when the same findings are shown in another way."""
FOLDER = "reproductions"
PAGE = "report.html"


def report_key(
    config: ReproduceConfig,
    judges: Mapping[str, NamedJudge],
    digests: Sequence[str],
    snapshot: str,
    outcomes: Sequence[Outcome],
) -> str:
    """16 hex characters; a judge's name holds its version, so places do not matter.

    Args:
        digests: of the questions of each set.
    """
    made = [
        [one.variant, one.seed, judges[one.judge].name if one.judge else None, one.failure]
        for one in outcomes
    ]
    values = config.model_dump(mode="json", exclude={"timeout_h"})
    parts = (values, package_versions(), list(digests), snapshot, made)
    return content_hash(RECIPE_VERSION, *parts)[:SHORT]


def write_report(
    config: ReproduceConfig,
    evaluation: EvaluateConfig,
    base: Path,
    store: Store,
    snapshot: str,
    outcomes: Sequence[Outcome],
) -> str:
    """Write the report unless it is there, and return its key. The page is written last.

    Args:
        evaluation: how judges were asked, with the sets of this run.
        base: the folder that paths of `evaluation` are relative to.

    Raises:
        IncompleteError: a judge of the outcomes has not answered all sets.
        StoreError: the store cannot be read or written.
    """
    sets = load_sets(evaluation, store, base)
    judges = named(evaluation, outcomes, store)
    key = report_key(config, judges, [one.digest for one in sets], snapshot, outcomes)
    folder = f"{FOLDER}/{key}"
    if not store.exists(f"{folder}/{PAGE}"):
        samples = evaluation.samples
        report = make_report(gather(config, judges, sets, store, snapshot, outcomes, samples))
        for name, picture in report.pictures.items():
            store.write_bytes(f"{folder}/{name}.png", picture)
        store.write_bytes(f"{folder}/report.md", report.text.encode())
        store.write_bytes(f"{folder}/{PAGE}", report.page.encode())
    store.write_bytes(f"{FOLDER}/latest", f"{key}\n".encode())
    return key


def latest(store: Store) -> str | None:
    """Key of the report that was asked for last; None before the first."""
    try:
        return store.read_bytes(f"{FOLDER}/latest").decode().strip()
    except FileNotFoundError:
        return None
