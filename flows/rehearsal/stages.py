"""The stages of a rehearsal: each calls what its command or deployment calls.

A stage runs in a process of its own (`flows/rehearsal/isolated.py`), returns what it measured, and
raises what went wrong. Later stages find in the store what earlier ones left there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from joppo.data.corpus.publish import latest_version
from joppo.data.corpus.query import run_query
from joppo.data.store.store import Store
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import load_config
from joppo.flows.rehearsal.profile import BUILD, EVALUATE, JOPPO, SCORE, SFT
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.judges.config import EndpointJudgeConfig
from joppo.training.rehearsal.outcome import StageOutcome
from joppo.training.scoring.config import ScorePhotosConfig

SCORED_PHOTOS = 6


@dataclass(frozen=True)
class Place:
    """Where a rehearsal lies, and who keeps its flow runs."""

    root: str
    """of its store, a local folder"""
    api_url: str
    """of the Prefect server"""
    merged: str = "merged"

    @property
    def store(self) -> Store:
        return Store(self.root)

    @property
    def configs(self) -> Path:
        """Folder of the changed configs."""
        return Path(self.root) / "configs"


def labels(place: Place) -> StageOutcome:
    """The datasets of the build and of the evaluation, by their labels and the names of photos."""
    from joppo.data.taxonomy.rubrics import load_rubric
    from joppo.training.rehearsal.survey import (
        survey_questions,
        survey_scenes,
        survey_source,
        survey_warnings,
    )

    built = load_config(BuildSftDataConfig, place.configs / BUILD)
    found = [survey_source(one, place.configs) for one in built.datasets]
    if built.scenes is not None:
        found.append(survey_scenes(built.scenes))
    outcome = StageOutcome("labels", "passed")
    outcome.figures = [one.row() for one in found]
    outcome.warnings = survey_warnings(found, load_rubric(built.reasoning.rubric).names)
    outcome.measures = {
        "photos": float(sum(one.photos for one in found)),
        "scored": float(sum(one.scored for one in found)),
        "composed": float(sum(one.composed for one in found)),
    }
    evaluated = load_config(EvaluateConfig, place.configs / EVALUATE)
    for one in evaluated.sets:
        if one.source is not None:
            whole = one.model_copy(update={"limit": None})
            outcome.measures[f"set {one.name}"] = float(survey_questions(whole, place.configs))
    outcome.reason = ", ".join(f"{one.name}: {one.photos:,} photos" for one in found)
    return outcome


def build(place: Place) -> StageOutcome:
    """build-sft-data: photos, synthesis, teachers, a snapshot."""
    from joppo.flows.build_sft_data import build_sft_data
    from joppo.training.rehearsal.corpus import corpus_figures, corpus_measures, corpus_warnings

    config = str(place.configs / BUILD)
    version, seconds = _flow(place, build_sft_data, config)
    outcome = StageOutcome("build", "passed")
    outcome.figures = corpus_figures(place.store, version)
    outcome.warnings = corpus_warnings(place.store, version)
    outcome.measures = corpus_measures(place.store, version, seconds)
    counts = {row["figure"]: row["value"] for row in outcome.figures}
    outcome.reason = ", ".join(f"{counts[name]:,} {name}" for name in _BUILT if name in counts)
    return outcome


def train_sft(place: Place) -> StageOutcome:
    """train-sft: a snapshot to an adapter."""
    from joppo.flows.train_sft import train_sft

    return _training(place, "sft", train_sft, place.configs / SFT, SftConfig)


def train_joppo(place: Place) -> StageOutcome:
    """train-joppo: the adapter and human scores to a judge."""
    from joppo.flows.train_joppo import train_joppo

    return _training(place, "joppo", train_joppo, place.configs / JOPPO, JoppoConfig)


def evaluate(place: Place) -> StageOutcome:
    """`joppo evaluate`: every judge of the profile on every set."""
    import time

    from joppo.flows.cli.actions.evaluate import show_evaluation
    from joppo.training.evaluation.read_results import read_results
    from joppo.training.rehearsal.judgements import evaluation_figures, evaluation_warnings

    path, left_out = with_trained_judges(place)
    config = load_config(EvaluateConfig, path)
    began = time.monotonic()
    written = show_evaluation(path, (), place.root)
    seconds = time.monotonic() - began
    rows = read_results(place.store, written.key).to_pylist()
    outcome = StageOutcome("evaluate", "passed")
    outcome.figures = evaluation_figures(rows)
    outcome.warnings = evaluation_warnings(rows)
    answers = sum(row["questions"] for row in outcome.figures)
    outcome.measures = {"seconds": seconds, "answers": answers}
    outcome.reason = f"{len(config.judges)} judges, {len(config.sets)} sets, {answers:,} answers"
    outcome.reason += "".join(f"; without {label}" for label in left_out)
    return outcome


def calibrate(place: Place) -> StageOutcome:
    """`joppo calibrate`: the judge's totals on people's scale."""
    from joppo.flows.cli.actions.calibrate import calibrate_judge
    from joppo.training.rehearsal.corpus import scored_rows
    from joppo.training.rehearsal.judgements import calibration_split, calibration_warnings

    scored = scored_rows(place.store)
    split = calibration_split(scored)
    if split is None:
        few = f"{sum(scored.values())} scored photos are too few"
        return StageOutcome("calibrate", "not run", few, "raise --photos, or add scored photos")
    calibrate_judge(_scoring(place), place.root, None, split)
    warnings = calibration_warnings(scored)
    return StageOutcome("calibrate", "passed", f"on the split {split!r}", warnings=warnings)


def score(place: Place) -> StageOutcome:
    """`joppo score`: photos of the corpus by the trained judge, with the report."""
    from joppo.flows.cli.actions.score import score_photos

    config = _scoring(place, photos=_photos(place, SCORED_PHOTOS), out=f"{place.root}/scores")
    return _scored("score", score_photos(config, place.root), place)


def score_endpoint(place: Place) -> StageOutcome:
    """`joppo score` by the endpoint judge of score-photos.yaml."""
    from joppo.flows.cli.actions.score import score_photos

    overrides = {
        "photos": _photos(place, SCORED_PHOTOS),
        "out": f"{place.root}/scores-endpoint",
    }
    config = load_config(ScorePhotosConfig, place.configs / SCORE, overrides)
    return _scored("score-endpoint", score_photos(config, place.root), place)


def compare(place: Place) -> StageOutcome:
    """`joppo compare`: which of two photos the judge prefers."""
    from joppo.flows.cli.actions.compare import compare_photos

    first, second = _photos(place, 2)
    compare_photos(Path(first), Path(second), _scoring(place, samples=4), place.root)
    return StageOutcome(
        "compare", "passed", f"{Path(first).name[:12]} and {Path(second).name[:12]}"
    )


def merge(place: Place) -> StageOutcome:
    """The whole model, adapter merged into it."""
    from joppo.training.models.model_folder import merge

    out = Path(place.root) / place.merged
    merge(judge_folder(place), out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return StageOutcome("merge", "passed", f"{out}, {size / 1e9:.2f} GB", measures={"bytes": size})


def serve(place: Place) -> StageOutcome:
    """`joppo serve`: the vLLM commands of the judge and of the merged model."""
    from joppo.flows.cli.actions.serve import in_lines
    from joppo.training.models.serve_command import vllm_command

    for folder in (judge_folder(place), Path(place.root) / place.merged):
        print(in_lines(vllm_command(folder)), "\n")
    return StageOutcome("serve", "passed", f"its commands are in {place.root}/logs/serve.log")


STAGES: dict[str, tuple[Callable[[Place], StageOutcome], tuple[str, ...]]] = {
    "labels": (labels, ()),
    "build": (build, ("labels",)),
    "train-sft": (train_sft, ("build",)),
    "train-joppo": (train_joppo, ("train-sft",)),
    # These take the judge of SFT where JoPPO has made none.
    "evaluate": (evaluate, ("train-sft",)),
    "calibrate": (calibrate, ("train-sft",)),
    "score": (score, ("train-sft",)),
    "score-endpoint": (score_endpoint, ("build",)),
    "compare": (compare, ("train-sft",)),
    "merge": (merge, ("train-sft",)),
    "serve": (serve, ("merge",)),
}
"""Name -> (work, the stages whose results it needs), in the order in which they run."""

_BUILT = ("photos", "scored photos", "images made", "teacher answers", "SFT samples")


def judge_folder(place: Place) -> Path:
    """The model folder of the judge that the rehearsal trained last: JoPPO's, else that of SFT."""
    from joppo.training.evaluation.judges import latest_model
    from joppo.training.trainer.prepare import ModelNotFoundError

    try:
        return latest_model("joppo", place.store)
    except ModelNotFoundError:
        return latest_model("sft", place.store)


def with_trained_judges(place: Place) -> tuple[Path, list[str]]:
    """The evaluation's config without judges that no stage has made, and what was left out."""
    from joppo.training.evaluation.judges import LATEST, latest_model
    from joppo.training.trainer.prepare import ModelNotFoundError

    path = place.configs / EVALUATE
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    left_out = []
    for label in [one for one in values["judges"] if isinstance(one, str) and one in LATEST]:
        try:
            latest_model(LATEST[label], place.store)
        except ModelNotFoundError:
            left_out.append(label)
    if left_out:
        values["judges"] = [one for one in values["judges"] if one not in left_out]
        path = path.with_name("evaluate-trained-judges.yaml")
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path, left_out


def _flow(place: Place, flow: Any, config: str) -> tuple[Any, dict[str, float]]:
    """The result of a flow, and seconds of its task runs by task; those from the cache count 0."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: place.api_url}):
        state = flow(config, store=place.root, return_state=True)
        result = state.result()
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=wanted)
    seconds: dict[str, float] = {}
    for run in runs:
        name = run.name.rpartition("-")[0]
        took = run.total_run_time.total_seconds() if run.state_name == "Completed" else 0.0
        seconds[name] = seconds.get(name, 0.0) + took
    return result, seconds


def _training(
    place: Place, stage: str, flow: Any, path: Path, kind: type[SftConfig] | type[JoppoConfig]
) -> StageOutcome:
    from joppo.training.rehearsal.trainings import (
        training_figures,
        training_measures,
        training_warnings,
    )
    from joppo.training.runs.metrics_log import read_metrics

    model, _ = _flow(place, flow, str(path))
    config = load_config(kind, path)
    rows = read_metrics(place.store, Path(model).parent.name)
    outcome = StageOutcome(f"train-{stage}", "passed")
    outcome.figures = training_figures(rows)
    outcome.warnings = training_warnings(rows, config)
    outcome.measures = training_measures(rows, config)
    steps = int(outcome.measures["steps"])
    outcome.reason = f"{steps} steps, {outcome.measures['step_s']:.1f} s each"
    return outcome


def _scoring(place: Place, **values: Any) -> ScorePhotosConfig:
    """The profile's scoring with the judge that the rehearsal trained."""
    config = load_config(ScorePhotosConfig, place.configs / SCORE)
    judge: dict[str, Any] = {"kind": "local", "model": str(judge_folder(place))}
    if not isinstance(config.judge, EndpointJudgeConfig):
        judge = config.judge.model_dump(mode="json", exclude_unset=True) | judge
    return ScorePhotosConfig.model_validate(
        config.model_dump(mode="json", exclude={"judge"}) | {"judge": judge} | values
    )


def _scored(stage: str, done: Any, place: Place) -> StageOutcome:
    from joppo.training.rehearsal.judgements import scoring_warnings

    answered = sum(one.rank is not None for one in done.ranked)
    outcome = StageOutcome(stage, "passed", f"{answered} of {len(done.ranked)} photos in form")
    outcome.warnings = scoring_warnings(stage, answered, len(done.ranked))
    return outcome


def _photos(place: Place, count: int) -> list[str]:
    """Files of photos of the corpus, by hash."""
    sql = f"""SELECT uri FROM images WHERE parent_image_id IS NULL
        ORDER BY image_id LIMIT {count}"""
    rows = run_query(place.store, sql, latest_version(place.store)).to_pylist()
    return [str(Path(place.root) / row["uri"]) for row in rows]
