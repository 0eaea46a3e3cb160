"""Whether the embedded profile learns: held-out figures before and after, over several seeds.

    python -m benchmarks.scene_corpus STORE --per-category 60
    python -m benchmarks.training_margins STORE --seeds 0 1 2

Each seed runs train-sft and then train-joppo from it, with the configs of `configs/embedded`, in
processes as the flows start them. Runs that are finished are not run again, so the command may be
repeated after an interruption, and takes those of `make reproduce` where STORE is its store.
Figures are those of the validation split.
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

from joppo.data.store.store import Store
from joppo.flows.config import load_config
from joppo.tasks.launch import command, environment, run_processes
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.models.model_folder import finished
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.examples import resolve_snapshot
from joppo.training.trainer.prepare import prepare, write_spec

CONFIGS = Path("configs/embedded")


def train(config: SftConfig | JoppoConfig, store: Store) -> Run:
    """Train unless it is done."""
    run = prepare(config, store)
    if not finished(run.model):
        launch = run.config.launch
        print(f"{run.id}: training", flush=True)
        arguments, env = command(write_spec(run), launch), environment(launch)
        run_processes(arguments, env, lambda event: None, lambda line: None, launch.grace_s)
    return run


def figures(run: Run) -> dict[str, float]:
    """The held-out figures of a finished run."""
    rows = read_metrics(run.store, run.id)
    return {
        row["name"]: row["value"] for row in rows if row["name"].startswith(("before_", "after_"))
    }


def table(stage: str, found: list[dict[str, float]]) -> list[str]:
    """Markdown rows: figure, mean before and after, gain of every seed, mean and deviation."""
    lines = []
    names = sorted(
        {name.removeprefix("after_") for one in found for name in one if "after_" in name}
    )
    for name in names:
        pairs = [(f.get(f"before_{name}"), f.get(f"after_{name}")) for f in found]
        both = [(b, a) for b, a in pairs if b is not None and a is not None]
        gains = [a - b for b, a in both]
        spread = stdev(gains) if len(gains) > 1 else 0.0
        each = ", ".join(f"{g:+.2f}" for g in gains)
        lines.append(
            f"| {stage} | {name} | {mean(b for b, _ in both):.2f} | {mean(a for _, a in both):.2f}"
            f" | {each} | {mean(gains):+.2f} ± {spread:.2f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    store, sft, joppo = Store(args.store), [], []
    snapshot = resolve_snapshot(store, None)
    for seed in args.seeds:
        values = {"seed": seed, "snapshot": snapshot}
        first = train(load_config(SftConfig, CONFIGS / "train-sft.yaml", values), store)
        sft.append(figures(first))
        values |= {"adapter": str(first.model)}
        second = train(load_config(JoppoConfig, CONFIGS / "train-joppo.yaml", values), store)
        joppo.append(figures(second))
    print(
        "| stage | figure | before | after | gain by seed | mean gain |\n|---|---|---|---|---|---|"
    )
    print("\n".join(table("train-sft", sft) + table("train-joppo", joppo)))


if __name__ == "__main__":
    main()
