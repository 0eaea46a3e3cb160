"""Stored answers and training metrics -> what the report shows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from data.store import Store
from training.evaluation.config import EvaluateConfig
from training.evaluation.items import EvaluationSet
from training.evaluation.judges import NamedJudge, named_judge
from training.evaluation.over_seeds import BySeed
from training.evaluation.predictions import Predictions
from training.evaluation.published import load_published
from training.evaluation.results import Row
from training.evaluation.run import IncompleteError, load_sets, measure
from training.metrics_log import read_metrics
from training.reproduction.config import ReproduceConfig
from training.reproduction.examples import examples
from training.reproduction.outcome import Outcome, judges_of
from training.reproduction.pictures import Curves
from training.reproduction.report import Findings


def unanswered(
    judge: str, evaluation: EvaluateConfig, sets: Sequence[EvaluationSet], store: Store
) -> int:
    """Questions of all sets that a judge has still to answer."""
    name = named_judge(judge, evaluation.local, store).name
    return sum(len(Predictions(store, name, one).unanswered()) for one in sets)


def gather(
    config: ReproduceConfig, evaluation: EvaluateConfig, base: Path, store: Store, snapshot: str,
    outcomes: Sequence[Outcome],
) -> Findings:  # fmt: skip
    """Everything that the report shows.

    Args:
        evaluation: how judges are asked, with the sets of this run.
        base: the folder that paths of `evaluation` are relative to.
    """
    sets = load_sets(evaluation, store, base)
    known = {judge: named_judge(judge, evaluation.local, store) for judge in judges_of(outcomes)}
    rows, incomplete = _measured(known, sets, config, store)
    told = [_with_failure(outcome, incomplete) for outcome in outcomes]
    variants = {
        variant.name: {
            one.seed: rows[one.judge]
            for one in told
            if one.variant == variant.name and one.seed is not None and one.judge is not None
        }
        for variant in config.variants
    }
    first = min(config.seeds)
    shown = {
        one.variant: known[one.judge].name
        for one in told
        if one.seed == first and one.judge is not None
    }
    return Findings(
        config, snapshot, {name: found for name, found in variants.items() if found},
        _runs(config, told, store), told, examples(sets[0], shown, store, config.examples),
        load_published(),
    )  # fmt: skip


def _measured(
    judges: Mapping[str, NamedJudge], sets: Sequence[EvaluationSet], config: ReproduceConfig,
    store: Store,
) -> tuple[dict[str, list[Row]], dict[str, str]]:  # fmt: skip
    """Rows of every judge alone, and why there are none of some."""
    rows: dict[str, list[Row]] = {}
    incomplete: dict[str, str] = {}
    for spec, judge in judges.items():
        try:
            rows[spec] = measure([judge], sets, store, config.figures).results.to_pylist()
        except IncompleteError as error:
            incomplete[spec] = str(error)
    return rows, incomplete


def _with_failure(outcome: Outcome, incomplete: Mapping[str, str]) -> Outcome:
    if outcome.judge is None or outcome.judge not in incomplete:
        return outcome
    return replace(outcome, judge=None, failure=f"not evaluated: {incomplete[outcome.judge]}")


def _runs(config: ReproduceConfig, outcomes: Sequence[Outcome], store: Store) -> Curves:
    """Training metrics of the variants that were trained by reinforcement."""
    trained = {variant.name for variant in config.variants if variant.joppo is not None}
    found: dict[str, BySeed] = {}
    for one in outcomes:
        if one.variant in trained and one.run is not None and one.seed is not None:
            found.setdefault(one.variant, {})
            found[one.variant] = {**found[one.variant], one.seed: read_metrics(store, one.run)}
    return found
