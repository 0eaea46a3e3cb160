"""Stored answers and training metrics -> what the report shows."""

from collections.abc import Mapping, Sequence

from joppo.data.store.store import Store
from joppo.training.evaluation.config import EvaluateConfig, FiguresConfig
from joppo.training.evaluation.items import EvaluationSet, with_validation
from joppo.training.evaluation.judges import NamedJudge, named_judge
from joppo.training.evaluation.predictions import Predictions
from joppo.training.evaluation.published import load_published
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.run import measure
from joppo.training.judges.score_question import plain_question
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.outcome import Outcome, judges_of
from joppo.training.reproduction.photo_examples import examples
from joppo.training.reproduction.pictures import Curves
from joppo.training.reproduction.report import Findings
from joppo.training.runs.metrics_log import read_metrics

# Intervals are those over seeds, so those over photos are not asked for.
POINTS = FiguresConfig(resamples=100)


def named(
    evaluation: EvaluateConfig, outcomes: Sequence[Outcome], store: Store
) -> dict[str, NamedJudge]:
    """judge of the outcomes -> what it is called, with its version.

    Raises:
        ModelFolderError: there is no such model on this machine.
    """
    rubric = plain_question(evaluation.rubric).rubric
    return {
        one: named_judge(one, evaluation.local, store, evaluation.samples, rubric)
        for one in judges_of(outcomes)
    }


def unanswered(judge: NamedJudge, sets: Sequence[EvaluationSet], store: Store) -> int:
    """Questions of all sets that a judge has still to answer."""
    return sum(
        len(Predictions(store, judge.name, one).unanswered()) for one in with_validation(sets)
    )


def gather(
    config: ReproduceConfig,
    judges: Mapping[str, NamedJudge],
    sets: Sequence[EvaluationSet],
    store: Store,
    snapshot: str,
    outcomes: Sequence[Outcome],
    samples: int,
) -> Findings:
    """Everything that the report shows.

    Args:
        judges: those of the outcomes (`named`); each has answered all sets.
        samples: draws that their scores are means of (`EvaluateConfig.samples`).

    Raises:
        IncompleteError: one has not.
    """
    rows: dict[str, list[Row]] = {
        spec: measure([judge], sets, store, POINTS).results.to_pylist()
        for spec, judge in judges.items()
    }
    variants: dict[str, dict[int, list[Row]]] = {}
    for one in outcomes:
        if one.judge is not None:
            variants.setdefault(one.variant, {})[one.seed] = rows[one.judge]
    shown = {
        one.variant: judges[one.judge].name
        for one in outcomes
        if one.seed == min(config.seeds) and one.judge is not None
    }
    return Findings(
        config,
        snapshot,
        variants,
        _runs(config, outcomes, store),
        outcomes,
        examples(sets[0], shown, store, config.examples),
        load_published(),
        samples,
    )


def _runs(config: ReproduceConfig, outcomes: Sequence[Outcome], store: Store) -> Curves:
    """Training metrics of the variants that were trained by reinforcement."""
    trained = {variant.name for variant in config.variants if variant.joppo is not None}
    found: dict[str, dict[int, Sequence[Row]]] = {}
    for one in outcomes:
        if one.variant in trained and one.run and (rows := read_metrics(store, one.run)):
            found.setdefault(one.variant, {})[one.seed] = rows
    return found
