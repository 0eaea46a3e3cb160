"""The judges that a store's trainings finished last: what `latest-sft` and `latest-joppo` mean."""

from pathlib import Path
from typing import Literal

from joppo.data.store.store import Store
from joppo.training.models.model_folder import finished
from joppo.training.trainer.prepare import ModelNotFoundError, runs_folder

Stage = Literal["sft", "joppo"]
LATEST: dict[str, Stage] = {"latest-sft": "sft", "latest-joppo": "joppo"}
_MAKES = {
    "sft": "run train-sft (`prefect deployment run train-sft`)",
    "joppo": "run train-joppo (`prefect deployment run train-joppo`)",
}


def latest_model(stage: Stage, store: Store) -> Path:
    """The model folder of the run of a stage that was finished last in this store.

    Raises:
        ModelNotFoundError: there is none, or it is not whole.
    """
    try:
        run = store.read_bytes(f"runs/latest-{stage}").decode().strip()
    except FileNotFoundError as error:
        raise ModelNotFoundError(
            f"no finished {stage} run in store {store.root}: {_MAKES[stage]}, or name another "
            f"judge than `latest-{stage}`"
        ) from error
    folder = (runs_folder(store) / run / "model").absolute()
    if not finished(folder):
        raise ModelNotFoundError(
            f"{folder} is not a whole model: {_MAKES[stage]} again, or set JOPPO_RUNS to the "
            "folder that holds the runs of this store"
        )
    return folder


def found_model(model: str, store: Store) -> str:
    """The folder that `latest-sft` or `latest-joppo` leads to; any other name as it is.

    Raises:
        ModelNotFoundError: see `latest_model`.
    """
    return str(latest_model(LATEST[model], store)) if model in LATEST else model
