"""Photos per second of the local judge, against the batch script published by VisualQuality-R1.

    python -m benchmarks.scoring --photos FOLDER [--count 192] [--rounds 5]

Both sides have the same model object, photos, prompt and limit of tokens, decode greedily and must
write the same texts. Rounds alternate, so that other work on the machine harms both alike; the
ratio is the median of the rounds' own ratios. One OpenMP thread each. Also: how much of a whole
scoring (files, hashes, rows, thumbnails, tables, report) passes outside the model. Writes
benchmarks/results/scoring.md.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from benchmarks.scoring_peer import BATCH, score_in_batches
from joppo.data.photos.decode import load_photo
from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.prompts import score_prompt
from joppo.data.store.files import FileStore
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.decoder import Decoder
from joppo.training.judges.judge import Question, Reply
from joppo.training.judges.local import LocalJudge
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.run import run

RESULTS = Path(__file__).with_name("results") / "scoring.md"
RUBRIC = load_rubric()
PROMPT = score_prompt(RUBRIC)
FORM = AnswerFormat("score", tuple(RUBRIC.names))


class Clock:
    """Wall seconds in which the model reads or writes, in whatever thread."""

    def __init__(self) -> None:
        self.inside = 0.0
        self._busy, self._since, self._lock = 0, 0.0, Lock()

    @contextmanager
    def running(self) -> Iterator["Clock"]:
        originals = {name: getattr(Decoder, name) for name in ("read", "start", "step")}
        for name, original in originals.items():
            setattr(Decoder, name, self._timed(original))
        try:
            yield self
        finally:
            for name, original in originals.items():
                setattr(Decoder, name, original)

    def _timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **values: Any) -> Any:
            self._count(+1)
            try:
                return work(*args, **values)
            finally:
                self._count(-1)

        return timed

    def _count(self, change: int) -> None:
        with self._lock:
            now = time.perf_counter()
            if self._busy:
                self.inside += now - self._since
            self._busy, self._since = self._busy + change, now


def questions(paths: Sequence[Path]) -> Iterator[Question]:
    """Photos as scoring asks about them: read and hashed first, opened when their turn comes."""
    for path in paths:
        content = path.read_bytes()
        yield Question(sha256(content), lambda c=content: load_photo(c), PROMPT, FORM)  # type: ignore[misc]


def seconds(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """(wall, CPU, result)."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def against_peer(judge: LocalJudge, processor: Any, paths: list[Path], rounds: int) -> list[str]:
    """Alternating rounds of both sides, and their ratios."""
    ours, peers, inside = [], [], []
    for _ in range(rounds):
        clock = Clock()
        with clock.running():
            wall, cpu, replies = seconds(lambda: list(judge.ask(questions(paths))))
        ours.append((wall, cpu))
        inside.append(clock.inside / wall)
        wall, cpu, (texts, _, generate) = seconds(
            lambda: score_in_batches(paths, judge.model, processor, PROMPT, judge.max_new_tokens)
        )
        peers.append((wall, cpu, generate / wall))
    same = sum(a == b for a, b in zip(first_texts(replies), texts, strict=True) if a is not None)
    once = sum(reply.tries == 1 for reply in replies)
    ratios = sorted(p[0] / o[0] for p, o in zip(peers, ours, strict=True))
    work = sorted(p[1] / o[1] for p, o in zip(peers, ours, strict=True))
    count = len(paths)
    return [
        f"{count} photos, {rounds} alternating rounds, {judge.config.rows} replies at work against "
        f"batches of {BATCH}. Equal texts: {same} of {once} photos that were asked once "
        f"({count - once} asked twice by the judge, which the script does not do).",
        "",
        "| | photos/s, best round | CPU s per photo, best round | outside `generate`, median |",
        "|---|---|---|---|",
        f"| VisualQuality-R1's procedure | {count / min(p[0] for p in peers):.1f} | "
        f"{min(p[1] for p in peers) / count:.4f} | "
        f"{1 - statistics.median(p[2] for p in peers):.1%} |",
        f"| local judge | {count / min(o[0] for o in ours):.1f} | "
        f"{min(o[1] for o in ours) / count:.4f} | {1 - statistics.median(inside):.1%} |",
        "",
        f"Ratio of wall times, median of rounds: **{statistics.median(ratios):.2f}** "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}); of CPU times {statistics.median(work):.2f} "
        f"({work[0]:.2f} to {work[-1]:.2f}).",
    ]


def first_texts(replies: Sequence[Reply]) -> list[str | None]:
    """The text of each first try, or None where a second try has replaced it."""
    return [reply.raw_text if reply.tries == 1 else None for reply in replies]


def whole_run(judge: LocalJudge, paths: list[Path], rounds: int) -> list[str]:
    """Share of a whole scoring that passes outside the model."""
    shares, speeds = [], []
    for _ in range(rounds):
        clock = Clock()
        with TemporaryDirectory() as folder, clock.running():
            store, out = Store(f"{folder}/store"), FileStore(f"{folder}/out")
            config = ScoringConfig(judge=judge.config)
            wall, _, _ = seconds(lambda: run([str(p) for p in paths], judge, config, store, out))  # noqa: B023
        shares.append(1 - clock.inside / wall)
        speeds.append(len(paths) / wall)
    return [
        f"A whole scoring with files, hashes, rows, thumbnails, tables and report: "
        f"{max(speeds):.1f} photos/s in the best round, {statistics.median(shares):.1%} of the "
        f"time outside the model (median; {min(shares):.1%} to {max(shares):.1%})."
    ]


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--count", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--rows", type=int, default=32)
    args = parser.parse_args()
    torch.set_num_threads(1)
    paths = sorted(args.photos.glob("*.jpg"))[: args.count]
    judge = LocalJudge(LocalJudgeConfig(model=args.model, rows=args.rows))
    processor = judge.processor
    list(judge.ask(questions(paths[:BATCH])))  # warm-up of both sides
    score_in_batches(paths[:BATCH], judge.model, processor, PROMPT, judge.max_new_tokens)
    lines = ["# Scoring: the local judge against VisualQuality-R1's batch script", ""]
    lines += [
        f"`python -m benchmarks.scoring --photos FOLDER`, judge `{judge.name}`, one thread.",
        "",
    ]
    lines += against_peer(judge, processor, paths, args.rounds)
    lines += ["", *whole_run(judge, paths, min(3, args.rounds))]
    load = f"{os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    lines += [
        "",
        f"Load average of the machine at the end: {load}. One side has two threads and the other "
        "has one, so wall times on a busy machine say little; CPU times say more.",
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
