"""An evaluation from start to end, without Prefect: load sets, ask judges, take figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from joppo.data.questions.prompts import score_prompt
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.evaluation.aligned import Aligned, align
from joppo.training.evaluation.config import EvaluateConfig, FiguresConfig, SetConfig
from joppo.training.evaluation.figures import figures_of
from joppo.training.evaluation.items import (
    ATTRIBUTES_TO_TOTAL,
    SCORE,
    EvaluationSet,
    Item,
    with_validation,
)
from joppo.training.evaluation.judges import NamedJudge
from joppo.training.evaluation.paired_judges import differences
from joppo.training.evaluation.predict import Progress, predict
from joppo.training.evaluation.predictions import Predictions
from joppo.training.evaluation.results import CONFUSION, Row, results_table
from joppo.training.evaluation.sets.protocol import attributes_to_total
from joppo.training.evaluation.sets.scenes import scenes_set
from joppo.training.evaluation.sets.snapshot import snapshot_set
from joppo.training.evaluation.sets.sources import source_set
from joppo.training.judges.score_question import ScoreQuestion, plain_question
from joppo.training.metrics.classes import confusion

Answers = Mapping[str, Aligned]
"""task -> answers of one judge to one set"""


class IncompleteError(RuntimeError):
    """A judge has not answered the whole set, so figures would be those of a part."""


@dataclass(frozen=True)
class Measured:
    """The result: figures as `RESULTS`, confusions as `CONFUSION`, and the answers behind them.

    `answers` is set -> judge label -> task -> aligned rows; `sets` and `judges` are those of the
    config, in its order.
    """

    results: pa.Table
    confusions: pa.Table
    answers: Mapping[str, Mapping[str, Answers]]
    sets: Sequence[EvaluationSet]
    judges: Sequence[NamedJudge]


def load_set(config: SetConfig, store: Store, base: Path, rubric: Rubric) -> EvaluationSet:
    """The questions and truths of a set.

    Args:
        base: the folder that paths of the config are relative to.

    Raises:
        DatasetFormatError, CorpusNotFoundError, SnapshotError: the set cannot be read.
    """

    def read(part: SetConfig, may_be_empty: bool = False) -> EvaluationSet:
        if part.snapshot is not None:
            return snapshot_set(part, store, rubric, may_be_empty)
        if part.scenes is not None:
            return scenes_set(part, store, rubric)
        return source_set(part, base, rubric, may_be_empty)

    if config.protocol == "attributes_to_total":
        return attributes_to_total(config, rubric, read)
    return read(config)


def load_sets(
    config: EvaluateConfig, store: Store, base: Path, question: ScoreQuestion | None = None
) -> list[EvaluationSet]:
    """All sets of a config, in its order; see `load_set`.

    Args:
        question: the score question to all judges (`judges.table_of`); None for that of the
            config's rubric.

    Raises:
        RubricMismatchError: a snapshot asks for scores by another rubric.
    """
    asked = question or plain_question(config.rubric)
    plain = score_prompt(asked.rubric)
    return [
        _in_the_words_of(load_set(one, store, base, asked.rubric), plain, asked.prompt)
        for one in config.sets
    ]


def _in_the_words_of(one: EvaluationSet, plain: str, prompt: str) -> EvaluationSet:
    """The set with its score question in the words that the judges were trained on."""
    if prompt == plain:
        return one

    def reworded(item: Item) -> Item:
        scored = item.task == SCORE and item.prompt == plain
        return replace(item, prompt=prompt) if scored else item

    return replace(one, items=[reworded(item) for item in one.items])


def ask(
    judge: NamedJudge,
    sets: Sequence[EvaluationSet],
    store: Store,
    progress: Callable[[EvaluationSet], Progress],
) -> None:
    """Have a judge answer what it has not answered; a model is loaded only where it must be.

    Raises:
        StoreError: the store cannot be read or written.
        Exception: what the judge raises; answers that came before are kept.
    """
    opened = None
    for one in with_validation(sets):
        stored = Predictions(store, judge.name, one)
        unanswered, report_progress = stored.unanswered(), progress(one)
        if unanswered:
            opened = opened or judge.open()
            predict(opened, stored, unanswered, report_progress)
        else:
            report_progress(len(one.items), len(one.items))


def measure(
    judges: Sequence[NamedJudge], sets: Sequence[EvaluationSet], store: Store, config: FiguresConfig
) -> Measured:
    """Figures of all judges on all sets, from stored answers alone.

    Raises:
        IncompleteError: a judge has not answered all of a set.
        StoreError: the store cannot be read.
    """
    names = {judge.label: judge.name for judge in judges}
    answers = {one.name: _answers(judges, one, store) for one in sets}
    rows = []
    for one in sets:
        validation = {} if one.validation is None else _answers(judges, one.validation, store)
        rows += rows_of(answers[one.name], names, one, config, validation)
    confusions = [row for one in sets for row in confusion_rows(answers[one.name], names, one.name)]
    table = pa.Table.from_pylist(confusions, CONFUSION)
    return Measured(results_table(rows), table, answers, sets, judges)


def rows_of(
    judged: Mapping[str, Answers],
    names: Mapping[str, str],
    one: EvaluationSet,
    config: FiguresConfig,
    validation: Mapping[str, Answers] | None = None,
) -> list[Row]:
    """Rows of `RESULTS`: all judges on one set, then every two of them against each other.

    Args:
        judged: label of the judge -> task -> answers.
        names: label -> name with version.
        validation: as `judged`, of the set's validation photos.
    """
    shared = {
        "set": one.name,
        "source": one.source,
        "snapshot": one.snapshot,
        "digest": one.digest,
        "resamples": config.resamples,
        "level": config.level,
        "seed": config.seed,
    }
    found = [
        (label, figure)
        for label, tasks in judged.items()
        for figure in figures_of(
            tasks, one.source, config, (validation or {}).get(label, {}).get(ATTRIBUTES_TO_TOTAL)
        )
    ]
    found += differences(judged, config)
    return [
        figure.row({"judge": names[label], "label": label, **shared}) for label, figure in found
    ]


def confusion_rows(judged: Mapping[str, Answers], names: Mapping[str, str], name: str) -> list[Row]:
    """Rows of `CONFUSION` of one set: every choice whose photo could be opened."""
    rows = []
    for label, tasks in judged.items():
        for task, aligned in tasks.items():
            pairs = zip(aligned.right, aligned.given, strict=True)
            kept = [pair for pair, opened in zip(pairs, aligned.judged, strict=False) if opened]
            cells = confusion([right for right, _ in kept], [given for _, given in kept])
            about = {"judge": names[label], "set": name, "task": task}
            rows += [
                {**about, "truth": right, "answered": given, "questions": count}
                for right, given, count in cells
            ]
    return rows


def _answers(judges: Sequence[NamedJudge], one: EvaluationSet, store: Store) -> dict[str, Answers]:
    truth = one.truth()
    found: dict[str, Answers] = {}
    for judge in judges:
        tasks = align(truth, Predictions(store, judge.name, one).table())
        missing = len(one.items) - sum(len(task) for task in tasks.values())
        if missing:
            raise IncompleteError(
                f"{judge.label} has not answered {missing} of {len(one.items)} questions of set "
                f"{one.name}: start the evaluation again, it goes on where it stopped"
            )
        found[judge.label] = tasks
    return found
