"""How close asking teachers comes to the ideal, and what it costs to ask again.

    python benchmarks/teachers.py throughput --repeat 5     # 2,000 requests at concurrency 64
    python benchmarks/teachers.py memory                    # 10,000 requests against 1,000
    python benchmarks/teachers.py warm                      # 100,000 journaled rows
    python benchmarks/teachers.py kill                      # SIGKILL halfway, start again
    python benchmarks/teachers.py poison --repeat 3         # one question that always answers 500

The server of `tests/mocks/llm_servers.py` runs in a process of its own: 300 ms latency, 3% 429,
2% 500, 1% malformed (half of them the text, half the body), 0.2% hangs (the client's time-out is
2 s) and 0.3% resets. Photos have 320 x 240 pixels (about 10 KB); the client decodes and encodes
them again, as always.

Floor: latency x N / concurrency. Ideal: the makespan of a client that needs no time of its own: the
attempts that the server saw, in order of request, on `concurrency` slots, a failed attempt again as
soon as a slot is free. An answer costs its latency, a hang the time-out, a 500 or reset nothing,
and a 429 the 50 ms for which its Retry-After forbids everybody to send (`ideal_rude_s` leaves this
out: the plain peer goes on sending). No backoff is in it. Ratio = wall time / ideal.
"""

import argparse
import heapq
import io
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from joppo.data.teachers.ask import close_gateways, gateway_for, make_ask
from joppo.data.teachers.base import ImageRef, TeacherAnswer, TeacherRequest, make_request
from joppo.data.teachers.config import Price, ProviderConfig, TeachersConfig
from joppo.data.teachers.journal import Journal, answer_row

SERVER = Path(__file__).parents[1] / "tests" / "mocks" / "llm_servers.py"
FAULTS = {
    "latency_s": 0.3,
    "rate_429": 0.03,
    "rate_500": 0.02,
    "malformed": 0.01,
    "hang": 0.002,
    "reset": 0.003,
}
TIMEOUT_S = 2.0
RETRY_AFTER_S = 0.05
CONCURRENCY = 64


@contextmanager
def server(**faults: float | str) -> Iterator[int]:
    """A mock server in its own process; yields the port."""
    command = [sys.executable, str(SERVER), json.dumps(faults)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["port"]
    finally:
        process.stdin.close()
        process.wait(20)


def stats(port: int) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as answer:
        return json.load(answer)


def config_for(port: int, kind: str = "openai") -> TeachersConfig:
    os.environ.update(OPENAI_API_KEY="sk-bench-0123456789", GEMINI_API_KEY="bench-0123456789")
    path = "" if kind == "gemini" else "/v1"
    provider = ProviderConfig(
        name="bench",
        provider=kind,  # type: ignore[arg-type]
        model="gemini-2.5-flash" if kind == "gemini" else "gpt-4o",
        base_url=f"http://127.0.0.1:{port}{path}",
        price=Price(input=2.5, output=10),
        concurrency=CONCURRENCY,
        timeout_s=TIMEOUT_S,
        backoff_s=0.1,
        image_size=512,
    )
    return TeachersConfig(providers=(provider,))


def photo(n: int) -> bytes:
    """A 320 x 240 JPEG of about 10 KB, different for each n."""
    image = Image.radial_gradient("L").resize((320, 240))
    out = io.BytesIO()
    Image.merge(
        "RGB", [image.point(lambda v, k=k: (v + 37 * k * n) % 256) for k in (1, 2, 3)]
    ).save(out, "JPEG", quality=85)
    return out.getvalue()


def requests(config: TeachersConfig, count: int, photos: list[bytes]) -> Iterator[TeacherRequest]:
    provider = config.providers[0]
    rule = "Describe how the lines and the light lead the eye, then decide. " * 20
    for n in range(count):
        content = photos[n % len(photos)]
        yield make_request(
            provider=provider.provider,
            model=provider.model,
            template_id="bench",
            prompt=f"item-{n:06d}: {rule}",
            images=(ImageRef(f"{n:064d}", lambda content=content: content),),  # type: ignore[misc]
            params=provider.params(),
        )


def ideal_seconds(log: list, retry_after_s: float = RETRY_AFTER_S) -> float:
    """See the module's docstring."""
    cost = {"hang": TIMEOUT_S, "429": 0.0, "500": 0.0, "reset": 0.0}
    attempts: dict[str, deque[str]] = defaultdict(deque)
    for item, _, outcome in sorted(log):
        attempts[item].append(outcome)
    waiting = sorted(attempts)
    failed: list[tuple[float, str]] = []
    slots, paused, end = [0.0] * CONCURRENCY, 0.0, 0.0
    while waiting or failed:
        if not waiting or (failed and failed[0][0] <= slots[0]):
            ready, item = heapq.heappop(failed)
        else:
            ready, item = 0.0, heapq.heappop(waiting)
        outcome = attempts[item].popleft()
        done = max(ready, slots[0], paused) + cost.get(outcome, FAULTS["latency_s"])
        if outcome == "429":
            paused = done + retry_after_s
        heapq.heapreplace(slots, done)
        end = max(end, done)
        if attempts[item]:
            heapq.heappush(failed, (done, item))
    return end


def throughput(count: int, kind: str, seed: int, poison: str = "") -> dict:
    with (
        server(**FAULTS, seed=seed, poison=poison) as port,
        tempfile.TemporaryDirectory() as folder,
    ):
        config = config_for(port, kind)
        photos = [photo(n) for n in range(50)]
        gateway = gateway_for(config, folder)
        cpu, start = time.process_time(), time.perf_counter()
        answers = list(gateway.ask_many(requests(config, count, photos)))
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        seen = stats(port)
        close_gateways()
    ideal = ideal_seconds(seen["log"])
    good = Counter(item for item, _, outcome in seen["log"] if outcome == "ok")
    return {
        "wall_s": wall,
        "ideal_s": ideal,
        "ratio": wall / ideal,
        "ideal_rude_s": ideal_seconds(seen["log"], 0.0),
        "floor_s": FAULTS["latency_s"] * count / CONCURRENCY,
        "client_cpu_s": cpu,
        "rows": len(answers),
        "status": dict(Counter(answer.status for _, answer in answers)),
        "paid_twice": sum(n - 1 for n in good.values()),
        "seen": dict(Counter(outcome for _, _, outcome in seen["log"])),
        "peak": seen["peak"],
    }


def poisoned(count: int, kind: str, repeat: int) -> None:
    """The time with one question that always answers 500, against the time without it."""
    ratios = []
    for seed in range(repeat):  # in turn, so that both meet the same other load
        plain = throughput(count, kind, seed)
        with_poison = throughput(count, kind, seed, poison=f"item-{count // 2:06d}")
        ratios.append(with_poison["wall_s"] / plain["wall_s"])
        keys = ("wall_s", "ideal_s", "status")
        print(json.dumps({key: [run[key] for run in (plain, with_poison)] for key in keys}))
    print(
        f"with / without: {', '.join(f'{ratio:.3f}' for ratio in ratios)}; "
        f"median {statistics.median(ratios):.3f}"
    )


def peer(count: int, seed: int) -> dict:
    """The plain loop of `teachers_peer.py` against the same server."""
    with server(**FAULTS, seed=seed) as port:
        command = [sys.executable, str(Path(__file__).with_name("teachers_peer.py"))]
        out = subprocess.run([*command, str(port), str(count)], check=True, capture_output=True)
        seen, run = stats(port), json.loads(out.stdout)
    ideal = ideal_seconds(seen["log"])
    rude = ideal_seconds(seen["log"], 0.0)
    return run | {"ideal_s": ideal, "ratio": run["wall_s"] / ideal, "ideal_rude_s": rude}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_child(count: int, port: int) -> None:
    """In a process of its own, because peak memory never falls."""
    config, photos = config_for(port), [photo(n) for n in range(50)]
    with tempfile.TemporaryDirectory() as folder:
        gateway = gateway_for(config, folder)
        answered = sum(1 for _ in gateway.ask_many(requests(config, count, photos)))
        close_gateways()
    print(json.dumps({"rows": answered, "peak_mb": peak_mb()}))


def child(*arguments: object) -> dict:
    command = [sys.executable, __file__, *map(str, arguments)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


def warm(count: int) -> dict:
    """A full rerun over journaled rows, in shards of 256, with nobody listening on the port."""
    with tempfile.TemporaryDirectory() as folder:
        config = config_for(9)
        fill(Path(folder) / "journal" / "teachers.sqlite", config, count)
        return child("warm-child", count, folder)


def fill(path: Path, config: TeachersConfig, count: int) -> None:
    journal = Journal(path)
    text = f"<think>{'The diagonal leads the eye. ' * 40}</think><answer>C</answer>"
    answer = TeacherAnswer("ok", "stop", text, 400, 60, 0.0016, provider="openai", model="gpt-4o")
    rows = []
    for request in requests(config, count, [b""]):
        rows.append(answer_row(request, 0, True, answer))
        if len(rows) == 5000:
            journal.write(rows)
            rows = []
    if rows:
        journal.write(rows)
    journal.close()


def warm_child(count: int, folder: str) -> None:
    config = config_for(9)
    ask, start, shard, good = make_ask(config, folder), time.perf_counter(), [], 0
    for request in requests(config, count, [b""]):
        shard.append(request)
        if len(shard) == 256:
            good += sum(answer.status == "ok" for answer in ask(shard))
            shard = []
    good += sum(answer.status == "ok" for answer in ask(shard)) if shard else 0
    wall = time.perf_counter() - start
    lane = gateway_for(config, folder).clients["bench"]
    print(json.dumps({"rows": good, "wall_s": wall, "peak_mb": peak_mb(), "sent": lane.sent}))


def ask_child(count: int, port: int, folder: str) -> None:
    config, photos = config_for(port), [photo(n) for n in range(50)]
    gateway = gateway_for(config, folder)
    print(json.dumps({"rows": sum(1 for _ in gateway.ask_many(requests(config, count, photos)))}))


def kill(count: int) -> dict:
    """SIGKILL when half of the rows are answered, then a second start."""
    with server(**FAULTS) as port, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "ask-child", str(count), str(port), folder]
        first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while len(stats(port)["log"]) < count // 2:
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.wait()
        time.sleep(1.0)
        second = child("ask-child", count, port, folder)
        log = stats(port)["log"]
    good = Counter(item for item, _, outcome in log if outcome == "ok")
    return {"rows": second["rows"], "paid_twice": sum(n - 1 for n in good.values())}


def report(name: str, runs: list[dict]) -> None:
    for run in runs:
        print(json.dumps(run))
    for key in ("wall_s", "ideal_s", "ideal_rude_s", "ratio", "client_cpu_s"):
        values = [run[key] for run in runs]
        print(
            f"{name} {key}: min {min(values):.3f} median {statistics.median(values):.3f} "
            f"max {max(values):.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what")
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--count", type=int)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--kind", default="openai")
    chosen = parser.parse_args()
    rest = chosen.rest
    if chosen.what == "throughput":
        count = chosen.count or 2000
        ours, peers = [], []
        for seed in range(chosen.repeat):  # in turn, so that both meet the same other load
            ours.append(throughput(count, chosen.kind, seed))
            if chosen.kind == "openai":
                peers.append(peer(count, seed))
        report(chosen.kind, ours)
        if peers:
            report("peer", peers)
    elif chosen.what == "poison":
        poisoned(chosen.count or 2000, chosen.kind, chosen.repeat)
    elif chosen.what == "memory":
        with server(latency_s=0.02) as port:
            for count in (1000, 10_000):
                print(json.dumps(child("memory-child", count, port)))
    elif chosen.what == "warm":
        print(json.dumps(warm(chosen.count or 100_000)))
    elif chosen.what == "kill":
        print(json.dumps(kill(chosen.count or 2000)))
    elif chosen.what == "memory-child":
        memory_child(int(rest[0]), int(rest[1]))
    elif chosen.what == "warm-child":
        warm_child(int(rest[0]), rest[1])
    elif chosen.what == "ask-child":
        ask_child(int(rest[0]), int(rest[1]), rest[2])
    else:
        parser.error(f"unknown benchmark {chosen.what!r}")


if __name__ == "__main__":
    main()
