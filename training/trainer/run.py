"""The training process, started by the task that owns it.

    python -m joppo.training.trainer.run SPEC

SPEC is a JSON file: stage, config, store, snapshot, parent and folder (see
`training/runs/run_folder.py`). With several processes each is started with the same SPEC. A failure
that another try cannot cure is sent to the parent as an event before the process ends.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.runs.run_folder import Run, emit
from joppo.training.trainer.failures import is_permanent, message

_WATCH_S = 1.0


def load_run(spec: dict[str, Any]) -> Run:
    """The run that a SPEC describes."""
    kind = SftConfig if spec["stage"] == "sft" else JoppoConfig
    return Run(
        stage=spec["stage"],
        config=kind.model_validate(spec["config"]),
        store=Store(spec["store"]),
        snapshot=spec["snapshot"],
        parent=spec["parent"],
        folder=Path(spec["folder"]),
    )


def end_with_parent() -> None:
    """End this process when its parent has ended, so that a killed launcher leaves no trainer.

    This is safe at any moment: files that a kill leaves half written are never loaded.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def train(run: Run) -> None:
    """Train one run in this process."""
    if run.config.launch.cpu:
        import torch

        torch.set_num_threads(run.config.launch.threads)
    if run.stage == "sft":
        from joppo.training.trainer.sft import train_sft

        train_sft(run)
    else:
        from joppo.training.trainer.joppo import train_joppo

        train_joppo(run)


def main(path: str) -> None:
    """Train the run of the SPEC at `path`; exit code 2 where another try cannot help."""
    end_with_parent()
    run = load_run(json.loads(Path(path).read_text(encoding="utf-8")))
    try:
        train(run)
    except Exception as error:
        permanent = is_permanent(error)
        emit("failed", message=message(error, run.config), permanent=permanent)
        if permanent:
            sys.exit(2)
        raise


if __name__ == "__main__":
    main(sys.argv[1])
