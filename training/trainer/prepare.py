"""The folder of runs, and how a run is set up from a config, a snapshot and a parent model."""

import json
import os
from pathlib import Path

from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import LATEST, NEW, JoppoConfig, SftConfig
from joppo.training.models.base_model import resolve_base
from joppo.training.models.model_folder import download, finished, model_digest
from joppo.training.models.rubric_check import check_judge
from joppo.training.runs.run_folder import Run, Stage, run_id
from joppo.training.trainer.examples import resolve_snapshot


class ModelNotFoundError(FileNotFoundError):
    """The model to start from does not exist; the message names the stage that makes it."""


def runs_folder(store: Store) -> Path:
    """`$JOPPO_RUNS`, else `runs` in a local store, else `./runs`: checkpoints need a real disk."""
    if named := os.environ.get("JOPPO_RUNS"):
        return Path(named)
    return Path(store.local_path("runs") or "runs")


def prepare(config: SftConfig | JoppoConfig, store: Store) -> Run:
    """The run that a config asks for, with snapshot and parent resolved.

    Raises:
        CorpusNotFoundError, SnapshotError: no such snapshot, or of another schema.
        ModelNotFoundError: no base or adapter to start from.
        RubricMismatchError: the adapter was trained on another rubric.
    """
    stage: Stage = "sft" if isinstance(config, SftConfig) else "joppo"
    snapshot = resolve_snapshot(store, config.snapshot)
    if isinstance(config, JoppoConfig) and config.adapter != NEW:
        folder = find_adapter(config.adapter, store)
        config = config.model_copy(update={"adapter": str(folder)})
        parent = _digest(folder, "run train-sft first, or set adapter to a model folder")
        check_judge(str(folder), load_rubric(config.rubric))
    else:
        parent = _base_digest(config.base)
    folder = runs_folder(store) / run_id(stage, config, snapshot, parent)
    return Run(stage, config, store, snapshot, parent, folder.absolute())


def find_adapter(adapter: str, store: Store) -> Path:
    """The folder of an adapter; `latest` is the SFT model that was finished last in this store.

    Raises:
        ModelNotFoundError: nothing was finished in this store.
    """
    if adapter != LATEST:
        return Path(adapter).absolute()
    try:
        newest = store.read_bytes("runs/latest-sft").decode().strip()
    except FileNotFoundError as error:
        raise ModelNotFoundError(
            f"no finished SFT run in store {store.root}: run train-sft first, or set adapter to a "
            "model folder"
        ) from error
    folder = (runs_folder(store) / newest / "model").absolute()
    if not finished(folder) and not store.is_local:
        # It was trained on another machine.
        download(store, f"runs/{newest}/model", folder)
    return folder


def note_finished(run: Run) -> None:
    """Make this run the latest of its stage."""
    run.store.write_bytes(f"runs/latest-{run.stage}", f"{run.id}\n".encode())


def _base_digest(base: str) -> str:
    """Content hash of a local base; for a hub id the id itself."""
    folder = Path(resolve_base(base))
    if not folder.is_dir():
        return f"hub:{base}"
    return _digest(folder, "set base to a model folder, a hub id, or `embedded`")


def _digest(folder: Path, remedy: str) -> str:
    try:
        return model_digest(folder)
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"{error}: {remedy}") from error


def write_spec(run: Run) -> Path:
    """Write what `python -m joppo.training.trainer.run` reads, and return the path."""
    run.folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "stage": run.stage,
        "config": run.config.as_dict(),
        "store": run.store.root,
        "snapshot": run.snapshot,
        "parent": run.parent,
        "folder": str(run.folder),
    }
    path = run.folder / "spec.json"
    path.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
    return path
