"""Kill a training again and again at random moments, and see whether its weights come out the same.

    python -m benchmarks.kill_resume STORE --kills 5 [--processes 2]

STORE holds a snapshot (`python -m benchmarks.scene_corpus STORE --per-category 1 --size 64`). Each
stage runs once undisturbed, then with SIGKILL to a random one of its processes, its launcher
included, at a random step and moment, as often as asked, and then to its end. The processes are
those that the flows start. Prints where each try resumed and whether the weights are equal.
"""

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from joppo.data.store.store import Store
from joppo.tasks.launch import TrainingFailedError, command, environment, run_processes
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig
from joppo.training.models.model_folder import finished, model_digest
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.prepare import note_finished, prepare, write_spec

STEPS = 12
LATER_S = 1.0
"""at most so many seconds pass between the end of a step and the kill"""


def configs(processes: int) -> list[SftConfig | JoppoConfig]:
    """Small runs of both stages over several epochs; with two processes a group straddles them."""
    shared: dict[str, Any] = {
        "bf16": False,
        "gradient_checkpointing": False,
        "max_steps": STEPS,
        "save_steps": 1,
        "eval_rows": 0,
        "launch": LaunchConfig(cpu=True, processes=processes),
    }
    sft = SftConfig.model_validate(
        {
            **shared,
            "base": "embedded",
            "batch": 4,
            "per_device_batch": 2,
            "lora": {"rank": 8, "alpha": 8},
            "task_weights": {"composition": 0.3, "perspective": 0.3},
        }
    )
    joppo = JoppoConfig.model_validate(
        {
            **shared,
            "photos": 3,
            "group": 4,
            "per_device_batch": 6,
            "learning_rate": 1e-3,
            "max_completion_length": 72,
            "task_weights": {"score": 0.5},
        }
    )
    return [sft, joppo]


def attempt(run: Run, kill_at: int | None, dice: random.Random) -> str:
    """One start of a run's processes: where it resumed, and how it ended.

    From step `kill_at` on, a random one of them is killed within the time of about a step.
    """
    events: list[str] = []
    killed = threading.Event()

    def kill(step: int) -> None:
        time.sleep(dice.uniform(0, LATER_S))
        if alive := trainers(run.folder):
            os.kill(dice.choice(alive), signal.SIGKILL)
            events.append(f"killed after step {step}")

    def event(values: dict[str, Any]) -> None:
        if values["event"] == "start":
            events.append(f"from step {values['resumed_from']}")
        due = values["event"] == "step" and kill_at is not None and values["step"] >= kill_at
        if due and not killed.is_set():
            killed.set()
            threading.Thread(target=kill, args=[values["step"]], daemon=True).start()

    launch = run.config.launch
    try:
        run_processes(command(write_spec(run), launch), environment(launch), event, lambda _: None)
        events.append("finished")
    except TrainingFailedError:
        if not killed.is_set():
            raise
    return ", ".join(events)


def trainers(folder: Path) -> list[int]:
    """Processes of this machine that train a run in this folder, launchers among them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().decode()
        except OSError:  # it has ended
            continue
        if "joppo.training.trainer.run" in line and str(folder) in line:
            found.append(int(entry.name))
    return found


def compare(config: SftConfig | JoppoConfig, store: Store, kills: int, dice: random.Random) -> bool:
    """Whether a run that is killed `kills` times ends with the weights of an undisturbed one."""
    os.environ.pop("JOPPO_RUNS", None)
    calm = prepare(config, store)
    if not finished(calm.model):
        print(f"{calm.id} undisturbed: {attempt(calm, None, dice)}", flush=True)
    note_finished(calm)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(calm.stage, calm.config, store, calm.snapshot, calm.parent, Path(folder) / "run")
        for number in range(kills):
            if finished(run.model):
                break
            print(f"  try {number + 1}: {attempt(run, dice.randrange(1, STEPS), dice)}", flush=True)
        while not finished(run.model):
            print(f"  undisturbed from here: {attempt(run, None, dice)}", flush=True)
        same = model_digest(run.model) == model_digest(calm.model)
    print(f"{calm.id}: weights {'equal to the bit' if same else 'DIFFER'}", flush=True)
    return same


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    dice = random.Random(args.seed)
    same = [compare(c, Store(args.store), args.kills, dice) for c in configs(args.processes)]
    raise SystemExit(not all(same))


if __name__ == "__main__":
    main()
