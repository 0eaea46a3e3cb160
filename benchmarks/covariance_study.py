"""Which covariance, shrinkage and mixing teach a judge best? Simulated judges with known truth.

    python -m benchmarks.covariance_study            # about 5 CPU minutes, in two processes
    python -m benchmarks.covariance_study --worlds 4 # a quick look
    python -m benchmarks.covariance_study --redraw   # plots and tables from the CSV

Every arm trains the same judges on the same photos with the same noise (common random numbers),
so that differences to the single-score Thurstone reward are paired by world. Writes
docs/data/covariance.csv, the plots in docs/figures/ and the tables inside docs/covariance.md.
"""

import argparse
import csv
import json
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch

from benchmarks.simulated_judge import Setting, World
from joppo.data.store.write_aside import write_aside
from joppo.training.rewards.joint import JointRewardConfig

DOCS = Path(__file__).parents[1] / "docs"
METRICS = ("total", "attribute", "attribute_to_total", "halo")
#: Two-sided 95% quantiles of Student's t by degrees of freedom; beyond 30 the normal one is near.
STUDENT = {3: 3.182, 7: 2.365, 11: 2.201, 15: 2.131, 23: 2.069, 31: 2.040}

THURSTONE = JointRewardConfig(conditional_weight=0.0)
FINALISTS = (
    THURSTONE,
    JointRewardConfig(),
    JointRewardConfig(shrinkage=0.5),
    JointRewardConfig(conditional_weight=0.25),
    JointRewardConfig(conditional_weight=1.0),
    JointRewardConfig("batch"),
    JointRewardConfig("batch", 0.5),
    JointRewardConfig("image", conditional_weight=1.0),
)
BASE = Setting()
SETTINGS = {
    "base": BASE,
    "B=8": BASE.but(photos=8),
    "B=128": BASE.but(photos=128, steps=30),
    "k=3": BASE.but(candidates=3),
    "k=12": BASE.but(candidates=12),
    "d=2": BASE.but(attributes=2),
    "d=8": BASE.but(attributes=8),
    "weak coupling": BASE.but(coupling=0.2),
    "strong coupling": BASE.but(coupling=0.95),
    "heavy tails": BASE.but(tails="heavy"),
    "bimodal": BASE.but(tails="bimodal"),
    "good start": BASE.but(start=0.95),
    "good start, long": BASE.but(start=0.95, steps=150),
    "half explained": BASE.but(explained=0.5),
    "half explained, good start, long": BASE.but(explained=0.5, start=0.95, steps=150),
}


@dataclass(frozen=True)
class Job:
    setting: str
    config: JointRewardConfig
    seed: int


def jobs(worlds: int) -> list[Job]:
    """The whole grid in the base setting, gamma there too, and the finalists everywhere."""
    grid = [
        JointRewardConfig(covariance, shrinkage, conditional_weight=weight)
        for covariance, shrinkage, weight in product(
            ("image", "pooled", "batch"), (0.0, 0.1, 0.5, "oas", "ledoit_wolf"), (0.5, 1.0)
        )
    ]
    gammas = [
        JointRewardConfig(covariance, gamma=gamma)
        for covariance, gamma in product(("image", "pooled"), (1e-3, 1e-2))
    ]
    arms = {(name, config) for name, config in product(SETTINGS, FINALISTS)}
    arms |= {("base", config) for config in (*grid, *gammas)}
    ordered = sorted(arms, key=str)
    # Seed by seed, so that the processes share the long settings evenly.
    return [Job(name, config, seed) for seed in range(worlds) for name, config in ordered]


def run(job: Job) -> dict[str, float]:
    torch.set_num_threads(1)
    return World(SETTINGS[job.setting], job.seed).train(job.config)


def summarise(done: Iterable[tuple[Job, dict[str, float]]]) -> list[dict[str, object]]:
    """Per setting and arm: mean of each metric and its paired difference to Thurstone."""
    figures: dict[tuple[str, JointRewardConfig], list[dict[str, float]]] = {}
    for job, result in done:
        figures.setdefault((job.setting, job.config), []).append(result)
    rows = []
    for (name, config), results in sorted(figures.items(), key=str):
        row: dict[str, object] = {
            "setting": name,
            "covariance": config.covariance,
            "shrinkage": config.shrinkage,
            "weight": config.conditional_weight,
            "gamma": config.gamma,
            "worlds": len(results),
        }
        for metric in METRICS:
            values = np.array([result[metric] for result in results])
            base = np.array([result[metric] for result in figures[name, THURSTONE]])
            difference, half = paired(values - base)
            row |= {
                metric: round(float(values.mean()), 4),
                f"{metric}_gain": round(difference, 4),
                f"{metric}_half_width": round(half, 4),
            }
        rows.append(row)
    return rows


def paired(differences: np.ndarray) -> tuple[float, float]:
    """Mean and half width of its 95% confidence interval."""
    count = len(differences)
    quantile = STUDENT.get(count - 1, 1.96 + 2.4 / max(count - 1, 1))
    return float(differences.mean()), float(quantile * differences.std(ddof=1) / count**0.5)


def write_csv(rows: list[dict[str, object]], path: Path) -> None:
    with write_aside(path) as aside, aside.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=12)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--docs", type=Path, default=DOCS)
    parser.add_argument("--redraw", action="store_true", help="from the CSV, without simulating")
    options = parser.parse_args()
    from benchmarks.covariance_report import draw, read_rows, refresh_tables

    table = options.docs / "data" / "covariance.csv"
    if not options.redraw:
        simulate(options.worlds, options.processes, table)
    rows = read_rows(table)
    (options.docs / "figures").mkdir(exist_ok=True)
    draw(rows, options.docs / "figures")
    refresh_tables(rows, options.docs / "covariance.md")


def simulate(worlds: int, processes: int, table: Path) -> None:
    """Run every job and write the summary to `table`."""
    started = time.monotonic()
    work = jobs(worlds)
    with ProcessPoolExecutor(processes) as pool:
        results = list(pool.map(run, work, chunksize=8))
    table.parent.mkdir(parents=True, exist_ok=True)
    write_csv(summarise(zip(work, results, strict=True)), table)
    print(json.dumps({"jobs": len(work), "minutes": round((time.monotonic() - started) / 60, 2)}))


if __name__ == "__main__":
    main()
