"""The training process: `python -m training.run SPEC`, started by the task that owns it.

SPEC is a JSON file: stage, config, store, snapshot, parent and folder (see
`training.run_folder.Run`). With several processes each is started with the same SPEC.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from data.store import Store
from training.config import JoppoConfig, SftConfig
from training.run_folder import Run


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


def main(path: str) -> None:
    """Train what the SPEC at `path` says."""
    run = load_run(json.loads(Path(path).read_text(encoding="utf-8")))
    if run.config.launch.cpu:
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", run.config.launch.threads)))
    if run.stage == "sft":
        from training.sft import train_sft

        train_sft(run)
    else:
        from training.joppo import train_joppo

        train_joppo(run)


if __name__ == "__main__":
    main(sys.argv[1])
