"""The report of a reproduction in the store, under a content hash of all that it depends on.

reproductions/<key>/report.html     one file that needs no other; written last
reproductions/<key>/report.md
reproductions/<key>/*.png
reproductions/latest                names a key
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.items import with_validation
from joppo.training.evaluation.judges import NamedJudge
from joppo.training.evaluation.report_folder import ReportFolder
from joppo.training.evaluation.run import load_sets
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.findings import gather, named
from joppo.training.reproduction.outcome import Outcome
from joppo.training.reproduction.report import make_report, package_versions

RECIPE_VERSION = 2
"""Raised when the same findings are shown in another way."""
FOLDER = "reproductions"
REPORTS = ReportFolder(FOLDER, f"{FOLDER}/latest")
PAGE = "report.html"


def report_key(
    config: ReproduceConfig,
    judges: Mapping[str, NamedJudge],
    digests: Sequence[str],
    snapshot: str,
    outcomes: Sequence[Outcome],
) -> str:
    """Name of a report: 16 hex characters.

    A judge enters by its name, which identifies its version, and not by the folder of its model.

    Args:
        digests: of the questions of each set.
    """
    trained = [
        [one.variant, one.seed, judges[one.judge].name if one.judge else None, one.failure]
        for one in outcomes
    ]
    parts = (config.recipe(), package_versions(), list(digests), snapshot, trained)
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
    key = report_key(
        config, judges, [one.digest for one in with_validation(sets)], snapshot, outcomes
    )
    if not store.exists(f"{REPORTS.of(key)}/{PAGE}"):
        samples = evaluation.samples
        report = make_report(gather(config, judges, sets, store, snapshot, outcomes, samples))
        files = {"report.md": report.text.encode(), PAGE: report.page.encode()}
        REPORTS.write(store, key, files, report.pictures)
    REPORTS.set_latest(store, key)
    return key


def latest(store: Store) -> str | None:
    """Key of the report that was asked for last; None before the first."""
    return REPORTS.latest_key(store)
