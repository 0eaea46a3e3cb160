"""The real thing: server, worker and deployment on a free port, driven by Prefect's own command."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from prefect.client.orchestration import SyncPrefectClient

from benchmarks.kill_resume import trainers
from benchmarks.scene_corpus import build
from docs.pictures.ui_pages import free_port
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.training.runs.checkpoints import broken, checkpoints
from tests.paths import ROOT

CONFIG = """
source: {kind: photos_csv, labels: labels.csv, images: photos, columns: {mos: s, scale: [0, 1]}}
shard_size: 4
reasoning: {tasks: [aesthetic], templates_per_image: {aesthetic: 1}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def folder(place: Path) -> Path:
    """A project folder of its own: a system that is up in the repository does not matter."""
    place = place / "project"
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


@pytest.fixture(scope="module")
def env(place: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    return clean | {"PREFECT_HOME": str(place / "home"), "PYTHONPATH": ""}


@pytest.fixture(scope="module")
def api(folder: Path, env: dict[str, str], place: Path) -> Iterator[str]:
    """`joppo up` in the folder, until the tests of this file end."""
    port = free_port()
    log = place / "up.log"
    with log.open("wb") as out:
        joppo = Path(sys.executable).with_name("joppo")
        up = subprocess.Popen(
            [joppo, "up", "--port", str(port)], cwd=folder, env=env, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + 200
        while "JoPPO is up" not in log.read_text():
            assert up.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/api"
    finally:
        up.send_signal(signal.SIGTERM)
        ended = up.wait(60)
    assert ended == 0, log.read_text()


def post(url: str, body: dict[str, Any]) -> Any:
    """By Prefect's client: it asks again where SQLite was busy and the server says 503."""
    api, _, path = url.partition("/api/")
    with SyncPrefectClient(f"{api}/api") as client:
        return client.request("POST", f"/{path}", json=body).json()


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
    parents = [i["id"] for i in reason["task_inputs"]["shard"]]
    ingested = {run["id"] for run in runs if str(run["name"]).startswith("ingest-")}
    assert parents and set(parents) <= ingested, "the run graph has an edge from photos to texts"

    artifacts = {row["key"] for row in post(f"{api}/artifacts/filter", chosen)}
    assert {"category-balance", "reject-reasons", "snapshot", "progress-ingest"} <= artifacts


PARENT = """
from prefect import flow
from joppo.flows.submit import Child, run_children

@flow(name="parent")
def parent(config: str, store: str):
    run_children([Child("train-sft", {"config": config, "store": store})], timeout_s=3600)
"""
TRAINING = """
{base: embedded, bf16: false, gradient_checkpointing: false, launch: {cpu: true}, batch: 4,
 per_device_batch: 4, lora: {rank: 8, alpha: 8}, max_steps: 100000, save_steps: 1, eval_rows: 0}
"""


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    """The first true answer; fails when it does not come in time."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.2)
    return answer


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_cancelling_the_parent_ends_the_training(
    api: str, folder: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """A flow submits train-sft to the gpu pool; its cancel in the UI is this request to the API."""
    store = Store(tmp_path / "store")
    build(store, SceneSourceConfig(per_category=1, size=64))
    (folder / "parent_flow.py").write_text(PARENT)
    (folder / "mine" / "training.yaml").write_text(TRAINING)
    deploy = ["--no-prompt", "deploy", "parent_flow.py:parent", "--name", "parent", "--pool", "cpu"]
    prefect(*deploy, cwd=folder, env=env)
    (deployment,) = post(
        f"{api}/deployments/filter", {"deployments": {"name": {"any_": ["parent"]}}}
    )
    values = {"config": "mine/training.yaml", "store": store.root}
    run = post(f"{api}/deployments/{deployment['id']}/create_flow_run", {"parameters": values})

    trained = wait_for(
        lambda: [c for r in (tmp_path / "store" / "runs").glob("sft-*") for c in checkpoints(r)],
        240,
    )
    assert len(trainers(tmp_path / "store")) == 1
    post(f"{api}/flow_runs/{run['id']}/set_state", {"state": {"type": "CANCELLING"}})
    wait_for(lambda: not trainers(tmp_path / "store"), 30)

    def states() -> set[str]:
        runs = post(f"{api}/flow_runs/filter", {"flow_runs": {"name": {"like_": ""}}})
        return {r["state_type"] for r in runs if r["parameters"].get("store") == store.root}

    wait_for(lambda: states() == {"CANCELLED"}, 60)
    assert any(broken(c) is None for c in checkpoints(trained[0].parent)), "it can be resumed"
