"""What the flow costs over a plain Python loop with the same stage functions.

    python benchmarks/flow_overhead.py --photos 2000

Both render the scenes of the embedded profile (no synthesis), let the grounded teacher reason about
each, and publish a snapshot; the loop calls the stage functions one shard after the other, the flow
runs them as tracked, cached tasks on a real Prefect server with the same number of workers (one).
The server is up before the clock starts, as it is in production. Printed: both times and the ratio,
run in turn (loop, flow, loop, flow, ...); quote the median ratio.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import yaml


def write_config(folder: Path, photos: int) -> Path:
    """Config of the embedded profile without synthesis, with about so many scenes."""
    path = folder / "build.yaml"
    path.write_text(yaml.safe_dump({"scenes": {"per_category": -(-photos // 24)}}))
    return path


def plain_loop(config: Path, store: str) -> str:
    """The same work without Prefect."""
    from joppo.data.corpus.publish import publish
    from joppo.data.datasets.labelled import labelled_photos
    from joppo.data.reasoning.reason import reason_shard
    from joppo.data.scenes.scene_source import item_hash, render_shard, scene_items
    from joppo.data.store.shards import partition
    from joppo.data.store.store import Store
    from joppo.flows.build_config import BuildSftDataConfig
    from joppo.flows.config import load_config

    c, lab = load_config(BuildSftDataConfig, config), Store(store)
    items = [(item_hash(item, c.scenes), item) for item in scene_items(c.scenes)]
    refs = []
    for number, shard in enumerate(partition(items, c.shard_size)):
        rows = render_shard(shard, lab, c.scenes)
        photos = labelled_photos(rows["images"], rows["labels"])
        for tables in (rows, reason_shard(photos, lab, c.reasoning)):
            refs += [lab.write_shard(t, f"{number}-{len(refs)}", r) for t, r in tables.items() if r]
    return publish(lab, refs, config_hash=c.hash(), inputs={})


def tracked_flow(config: Path, store: str) -> str:
    """The deployment's flow."""
    from joppo.flows.build_sft_data import build_sft_data

    return build_sft_data(str(config), store=store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    os.environ["JOPPO_WORKERS"] = "1"
    from prefect.testing.utilities import prefect_test_harness

    ratios = []
    with tempfile.TemporaryDirectory() as folder, prefect_test_harness(server_startup_timeout=180):
        config = write_config(Path(folder), args.photos)
        plain_loop(write_config_small(Path(folder)), f"{folder}/warm-up")
        for number in range(args.rounds):
            seconds = {}
            for name, work in (("loop", plain_loop), ("flow", tracked_flow)):
                start = time.perf_counter()
                work(config, f"{folder}/{name}-{number}")
                seconds[name] = time.perf_counter() - start
            ratios.append(seconds["flow"] / seconds["loop"])
            print(
                f"round {number}: loop {seconds['loop']:.1f} s, flow {seconds['flow']:.1f} s, "
                f"ratio {ratios[-1]:.3f}",
                flush=True,
            )
    print(f"{args.photos} photos: median ratio {statistics.median(ratios):.3f}")


def write_config_small(folder: Path) -> Path:
    """A config for the warm-up: imports and lazily loaded files are not part of either time."""
    small = folder / "small"
    small.mkdir()
    return write_config(small, 24)


if __name__ == "__main__":
    main()
