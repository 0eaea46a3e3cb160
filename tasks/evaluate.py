"""Tasks of `evaluate-judge`: name what is there, ask one judge, write the report.

No result is cached: the store knows what was asked (training.evaluation.predictions), so a run that
is started again, or retried, asks only what is missing.
"""

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from joppo.data.photos.data_uri import data_uri
from joppo.data.store.store import Store
from joppo.data.teachers.config import TeachersConfig
from joppo.tasks.keys import fill_keys
from joppo.tasks.locks import gpus
from joppo.tasks.progress import ProgressArtifact
from joppo.tasks.retrying import RETRY
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.judges import NamedJudge, named_judge, named_judges, table_of
from joppo.training.evaluation.predict import Progress
from joppo.training.evaluation.published import load_published
from joppo.training.evaluation.report import page
from joppo.training.evaluation.run import ask, load_sets, measure
from joppo.training.evaluation.store import write
from joppo.training.judges.config import EndpointJudgeConfig

STEP: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False, **RETRY}
# Sets of the run that this process works on: photos are hashed once, not once a judge.
_sets: dict[str, list[EvaluationSet]] = {}


@task(name="read-sets", **STEP)
def read_sets(config: dict[str, Any], base: str, store: str) -> list[dict[str, Any]]:
    """Find every judge and read every set before any work; what was left out, as a table.

    Raises:
        ModelNotFoundError, ModelFolderError: a judge is not there; the message says what makes it.
        DatasetFormatError, CorpusNotFoundError, SnapshotError: a set cannot be read.
    """
    c, root = EvaluateConfig.model_validate(config), Store(store)
    judges = _judges(c, root)
    sets = _loaded(c, base, root)
    rows = [
        {
            "set": one.name,
            "source": one.source,
            "snapshot": one.snapshot or "",
            "questions": len(one.items),
            "left out": len(one.rejects),
            "reasons": ", ".join(sorted({reject.reason for reject in one.rejects})),
        }
        for one in sets
    ]
    create_table_artifact(rows, key="evaluation-sets", description="Sets of this evaluation")
    get_run_logger().info("judges: %s", ", ".join(judge.name for judge in judges))
    return rows


@task(name="ask-judge", task_run_name="ask-judge-{number}", **STEP)
def ask_judge(
    number: int, config: dict[str, Any], base: str, store: str, sets: Sequence[dict[str, Any]]
) -> str:
    """Have the judge at this place of the config answer all sets; its name.

    `sets` is what `read_sets` gave: it draws the edge in the run graph.
    """
    c, root = EvaluateConfig.model_validate(config), Store(store)
    spec = c.judges[number]
    if isinstance(spec, EndpointJudgeConfig):
        fill_keys(TeachersConfig(providers=(spec.teacher,)))
    else:
        _hold_gpu()
    table = table_of(c, root)
    judge = named_judge(spec, table.local, root, c.samples, table.question.rubric)
    ask(judge, _loaded(c, base, root), root, lambda one: _progress(judge, one))
    return judge.name


@task(name="report-evaluation", **STEP)
def report_evaluation(
    config: dict[str, Any], base: str, store: str, answered: Sequence[str]
) -> str:
    """Figures, pictures and the page, in the store and as artifacts; the evaluation's key."""
    c, root = EvaluateConfig.model_validate(config), Store(store)
    sets = _loaded(c, base, root)
    measured = measure(
        _judges(c, root),
        sets,
        root,
        c.figures,
    )
    published = load_published()
    written = write(measured, published, c.figures, root)
    pictures = {name: data_uri(content, "image/png") for name, content in written.pictures.items()}
    text = page(measured, published, c.figures, written.key, pictures)
    create_markdown_artifact(text, key="evaluation", description=f"Evaluation {written.key}")
    get_run_logger().info("%s judges, %s: %s", len(answered), root.root, written.folder)
    return written.key


@cache
def _hold_gpu() -> ExitStack:
    """Keep one GPU of this machine for this process, if there is one; waits for a training.

    It is kept to the end of the process: once a model is loaded, torch stays with its GPU.
    """
    held = ExitStack()
    os.environ.update(held.enter_context(gpus(1, os.environ, get_run_logger().warning)))
    return held


def _judges(c: EvaluateConfig, store: Store) -> list[NamedJudge]:
    table = table_of(c, store)
    return named_judges(c.judges, table.local, store, c.samples, table.question.rubric)


def _loaded(c: EvaluateConfig, base: str, store: Store) -> list[EvaluationSet]:
    """The sets of this flow run; a retry in another process reads them again."""
    run = str(flow_run.get_id())
    if run not in _sets:
        _sets.clear()
        _sets[run] = load_sets(c, store, Path(base), table_of(c, store).question)
    return _sets[run]


def _progress(judge: NamedJudge, one: EvaluationSet) -> Progress:
    """What shows how many questions of a set a judge has answered."""
    artifact = ProgressArtifact(
        key=_slug(f"progress-{judge.label}-{one.name}"),
        description=f"{judge.name} on {one.name}: questions answered of {len(one.items)}",
    )
    artifact.show(0, len(one.items))
    return artifact.show


def _slug(text: str) -> str:
    """Keys of artifacts have lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
