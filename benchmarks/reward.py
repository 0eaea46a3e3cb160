"""The joint reward against loops as published, and against the floor of one Phi per pair.

    python -m benchmarks.reward            # about 3 minutes; writes benchmarks/results/reward.md

Floors, float64, for the pairs of candidates of different photos, each pair once:
- `Phi`: `torch.special.ndtr` of a ready tensor of all z. It loses the far tail.
- `accurate Phi`: `torch.erfc` in place on a buffer that stays in the cache: no memory traffic,
  no difference taken, no square root.
Reward and floors are timed in turn, so that a busy machine slows all alike.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import reward_loops
from joppo.training.rewards.joint import JointRewardConfig, joint_fidelity

RESULTS = Path(__file__).parent / "results" / "reward.md"
CONFIGS = {
    "default": JointRewardConfig(),
    "paper's letter": JointRewardConfig("image", conditional_weight=1.0),
}
Times = list[float]


def batch(photos: int, candidates: int, size: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """A half-trained judge: totals that follow the MOS, attributes that follow the totals."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    mos = torch.rand(photos, generator=generator, dtype=torch.float64)
    own = normal(photos, candidates)
    scores = 0.3 + 0.4 * (mos + 0.2 * normal(photos))[:, None] + 0.07 * own
    attributes = 2 * scores[..., None] - 1 + 0.2 * normal(photos, candidates, size)
    return scores.clamp(0, 1), attributes.clamp(-1, 1), mos


def in_turn(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Seconds of each work, all of them once per round."""
    times: dict[str, Times] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return times


def floors(photos: int, candidates: int) -> dict[str, Callable[[], object]]:
    pairs = photos * (photos - 1) // 2 * candidates**2
    z = torch.randn(pairs, dtype=torch.float64)
    buffer = z[: 2**15].clone()
    pieces = divmod(pairs, len(buffer))

    def accurate() -> None:
        for _ in range(pieces[0]):
            torch.erfc(z[: len(buffer)], out=buffer)
        torch.erfc(z[: pieces[1]], out=buffer[: pieces[1]])

    return {"Phi": lambda: torch.special.ndtr(z), "accurate Phi": accurate}


def line(name: str, times: Times, *more: str) -> str:
    low, middle, high = (1e3 * f(times) for f in (min, statistics.median, max))
    return f"| {' | '.join((name, f'{low:.2f}', f'{middle:.2f}', f'{high:.2f}', *more))} |"


def ratio(times: Times, base: Times) -> str:
    return (
        f"{statistics.median(times) / statistics.median(base):.2f} ({min(times) / min(base):.2f})"
    )


def against_floors(photos: int, threads: int, rounds: int) -> list[str]:
    torch.set_num_threads(threads)
    data = batch(photos, 6)
    works = floors(photos, 6) | {
        name: lambda config=config: joint_fidelity(*data, config)
        for name, config in CONFIGS.items()
    }
    times = in_turn(works, rounds)
    title = f"B={photos}, k=6, d=5, {threads} thread{'s' * (threads > 1)}"
    lines = []
    for name in works:
        over = [ratio(times[name], times[floor]) for floor in ("Phi", "accurate Phi")]
        lines.append(line(f"{title}: {name}", times[name], *over))
    return lines


def against_loops(photos: int, sample: int, rounds: int) -> list[str]:
    torch.set_num_threads(1)
    scores, attributes, mos = batch(photos, 6)
    fast = joint_fidelity(scores, attributes, mos)
    slow = reward_loops.joint(scores, attributes, mos, sample)
    torch.testing.assert_close(fast[:sample], slow, rtol=0, atol=1e-6)
    works: dict[str, Callable[[], object]] = {
        "loops, joint": lambda: reward_loops.joint(scores, attributes, mos, sample),
        "loops, single score": lambda: reward_loops.single_score(scores, mos, sample),
    }
    loops = in_turn(works, rounds)
    quick = in_turn({"": lambda: joint_fidelity(scores, attributes, mos)}, 20 * rounds)[""]
    lines = []
    for name, times in loops.items():
        whole = [value * photos / sample for value in times]
        faster = statistics.median(whole) / statistics.median(quick)
        low = f"{faster:,.0f} ({min(whole) / min(quick):,.0f})"
        lines.append(line(f"B={photos}, k=6, d=5: {name}", whole, low))
    return [*lines, line(f"B={photos}, k=6, d=5: joint_fidelity", quick, "1")]


def largest(threads: int) -> str:
    """B=2,048, k=16 in a process of its own: seconds and peak memory."""
    command = [sys.executable, "-m", "benchmarks.reward", "--largest", str(threads)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run_largest(threads: int) -> None:
    torch.set_num_threads(threads)
    joint_fidelity(*batch(8, 16))
    data, before = batch(2048, 16), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    joint_fidelity(*data)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"| {threads} | {seconds:.1f} | {peak / 2**10:.0f} | {(peak - before) / 2**10:.0f} |")


def on_gpu() -> list[str]:
    data = [value.cuda() for value in batch(512, 6)]

    def reward() -> None:
        joint_fidelity(*data)
        torch.cuda.synchronize()

    times = in_turn({"reward": reward}, 50)["reward"]
    return [
        "",
        f"On {torch.cuda.get_device_name()}:",
        "",
        "| case | min ms | median ms | max ms |",
        "|---|---|---|---|",
        line("B=512, k=6, d=5: default", times),
    ]


def report(rounds: int) -> str:
    cores = f"{len(os.sched_getaffinity(0))} cores"
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no accelerator"
    floor_rows = [
        row
        for photos, turns in ((85, 10 * rounds), (512, 2 * rounds))
        for threads in (1, 2)
        for row in against_floors(photos, threads, turns)
    ]
    parts = [
        "# Reward",
        "",
        f"`python -m benchmarks.reward`; {cores}, {gpu}; torch {torch.__version__}, "
        f"Python {platform.python_version()}. Milliseconds of wall time. Ratios are of medians, "
        f"in brackets of minima. Load average at the start: {os.getloadavg()[0]:.1f}.",
        "",
        "Against loops, one thread (loops timed over the first photos and scaled to all):",
        "",
        "| case | min | median | max | joint_fidelity is faster by |",
        "|---|---|---|---|---|",
        *against_loops(85, 5, 3),
        *against_loops(512, 1, 3),
        "",
        "Against the floor of one Phi per pair of candidates of different photos, each pair once. "
        "Phi: `torch.special.ndtr` of a ready tensor of all z. Accurate Phi: `torch.erfc` in place "
        "on a cached buffer, without memory traffic, differences or square roots. The default "
        "config needs 1.33 Phi per pair, since it makes two comparisons:",
        "",
        "| case | min | median | max | times Phi | times accurate Phi |",
        "|---|---|---|---|---|---|",
        *floor_rows,
        "",
        "B=2,048, k=16, d=5 (537 million pairs), default config:",
        "",
        "| threads | seconds | peak MiB of the process | of it for the call |",
        "|---|---|---|---|",
        *(largest(threads) for threads in (1, 2)),
    ]
    return "\n".join(parts + (on_gpu() if torch.cuda.is_available() else [])) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.largest:
        run_largest(options.largest)
        return
    text = report(options.rounds)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
