"""The real thing: server, worker and deployment on a free port, driven by Prefect's own command."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from PIL import Image

from flows.figures import free_port

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
source: {kind: photos_csv, labels: labels.csv, images: photos, columns: {mos: s, scale: [0, 1]}}
shard_size: 4
reasoning: {tasks: [aesthetic], templates_per_image: {aesthetic: 1}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project folder of its own: a system that is up in the repository does not matter."""
    place = tmp_path / "project"
    place.mkdir()
    for name in ("prefect.yaml", "prefect.toml", "flows", "tasks", "data", "training", "configs"):
        (place / name).symlink_to(ROOT / name)
    photos = place / "mine" / "photos"
    photos.mkdir(parents=True)
    lines = ["image,s"]
    for seed in range(8):
        small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((160, 120)).save(photos / f"{seed}.png")
        lines.append(f"{seed}.png,{seed / 8}")
    (place / "mine" / "labels.csv").write_text("\n".join(lines))
    (place / "mine" / "config.yaml").write_text(CONFIG)
    return place


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    return clean | {"PREFECT_HOME": str(tmp_path / "home"), "PYTHONPATH": ""}


@pytest.fixture
def api(folder: Path, env: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """`joppo up` in the folder, until the test ends."""
    port = free_port()
    log = tmp_path / "up.log"
    with log.open("wb") as out:
        joppo = Path(sys.executable).with_name("joppo")
        up = subprocess.Popen(
            [joppo, "up", "--port", str(port)], cwd=folder, env=env, stdout=out, stderr=out
        )
    deadline = time.monotonic() + 200
    while "JoPPO is up" not in log.read_text():
        assert up.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.5)
    yield f"http://127.0.0.1:{port}/api"
    up.send_signal(signal.SIGTERM)
    assert up.wait(60) == 0, log.read_text()


def post(url: str, body: dict[str, object]) -> list[dict[str, object]]:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def prefect(*args: str, cwd: Path, env: dict[str, str]) -> str:
    command = [sys.executable, "-m", "prefect", *args]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_bare_name_runs_on_a_worker(
    api: str, folder: Path, env: dict[str, str], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    values = ["-p", "config=mine/config.yaml", "-p", f"store={store}"]
    out = prefect("deployment", "run", "build-sft-data", *values, "--watch", cwd=folder, env=env)
    match = re.search(r"UUID: ([0-9a-f-]{36})", out)
    assert match, out
    assert (store / "latest").is_file(), out

    chosen = {"flow_runs": {"id": {"any_": [match[1]]}}}
    runs = post(f"{api}/task_runs/filter", chosen)
    assert {run["state_type"] for run in runs} == {"COMPLETED"}
    reason = next(run for run in runs if str(run["name"]).startswith("reason-"))
    parents = [i["id"] for i in reason["task_inputs"]["shard"]]  # type: ignore[index]
    ingested = {run["id"] for run in runs if str(run["name"]).startswith("ingest-")}
    assert parents and set(parents) <= ingested, "the run graph has an edge from photos to texts"

    artifacts = {row["key"] for row in post(f"{api}/artifacts/filter", chosen)}
    assert {"category-balance", "reject-reasons", "snapshot", "progress-ingest"} <= artifacts
