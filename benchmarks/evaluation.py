"""How long the figures of AVA's 19,930 test photos take, predictions given.

    python -m benchmarks.evaluation DATA [--noise 0.5] [--resamples 1000]

DATA holds `iaa/AVA_test.json` (repository thunderbolt215/ArtiMuse). The totals are the human scores
plus normal noise, so the figures are known: PLCC is 1 / sqrt(1 + noise^2). What is timed is
everything from stored answers to the table of figures: aligning, SRCC, PLCC, the logistic fit and
their bootstrap intervals.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from joppo.data.datasets.base import Label, Reject
from joppo.data.datasets.ready import read_ready
from joppo.training.evaluation.aligned import align
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.items import TRUTH, EvaluationSet
from joppo.training.evaluation.predictions import OK, PREDICTIONS
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.run import rows_of

RUNS = 5


def truth_of(labels: Sequence[Label]) -> pa.Table:
    """Labels with a score as `TRUTH`; the photo's name stands for question and image."""
    names = [label.item for label in labels]
    empty = {
        name: pa.array([[]] * len(names), TRUTH.field(name).type)
        for name in ("accepted", "options", "classes", "attributes")
    }
    columns = {
        "question": pa.array(names),
        "image_id": pa.array(names),
        "item": pa.array(names),
        "task": pa.array(["score"] * len(names)),
        "mos": pa.array([label.mos for label in labels]),
        "group": pa.nulls(len(names), pa.string()),
        **empty,
    }
    return pa.table({name: columns[name] for name in TRUTH.names}, schema=TRUTH)


def answers_of(truth: pa.Table, totals: np.ndarray) -> pa.Table:
    """Totals in the order of the truth as `PREDICTIONS`, all parsed."""
    n = truth.num_rows
    columns = {name: pa.nulls(n, PREDICTIONS.field(name).type) for name in PREDICTIONS.names}
    columns |= {name: truth[name] for name in ("question", "image_id", "item", "task")}
    columns |= {
        "status": pa.array([OK] * n),
        "total": pa.array(totals),
        "attributes": pa.array([[]] * n, PREDICTIONS.field("attributes").type),
    }
    return pa.table(columns, schema=PREDICTIONS)


def noisy(truth: pa.Table, noise: float, seed: int = 0) -> np.ndarray:
    """Human scores plus normal noise of `noise` standard deviations of the scores."""
    mos = truth["mos"].to_numpy()
    added = np.random.default_rng(seed).normal(size=len(mos))
    return np.asarray(mos + noise * mos.std() * added)


def figures(truth: pa.Table, answers: pa.Table, config: FiguresConfig) -> list[Row]:
    """Rows of `RESULTS` of one judge."""
    one = EvaluationSet("ava", "ready", [])
    return rows_of({"given": align(truth, answers)}, {"given": "given@0"}, one, config)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--resamples", type=int, default=1000)
    args = parser.parse_args()
    started = time.perf_counter()
    labels = [
        label
        for label in read_ready(args.data / "iaa" / "AVA_test.json")
        if not isinstance(label, Reject)
    ]
    truth = truth_of(labels)
    print(f"labels read: {truth.num_rows:,} rows in {time.perf_counter() - started:.2f} s")
    answers = answers_of(truth, noisy(truth, args.noise))
    config = FiguresConfig(resamples=args.resamples)
    walls, cpus, rows = [], [], list[Row]()
    for _ in range(RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        rows = figures(truth, answers, config)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    for name, taken in (("wall", walls), ("CPU", cpus)):
        low, mid, high = min(taken), float(np.median(taken)), max(taken)
        print(f"figures: {name} {mid:.2f} s (median of {RUNS}; {low:.2f} to {high:.2f})")
    print(f"expected plcc {1 / np.sqrt(1 + args.noise**2):.4f}")
    for row in rows:
        if row["handling"] == "worst" and row["value"] is not None:
            print(f"{row['metric']:14} {row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]")


if __name__ == "__main__":
    main()
