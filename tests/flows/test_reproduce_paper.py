"""reproduce-paper: all variants to one report; one that fails costs its row; nothing twice.

Children run in this process, as soon as they are submitted, and trainings in it too.
"""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import FlowRun
from prefect.states import Completed, exception_to_failed_state
from prefect.utilities.asyncutils import run_coro_as_sync

from benchmarks.scene_corpus import build
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.flows.config import ConfigError
from joppo.flows.evaluate_judge import evaluate_judge
from joppo.flows.reproduce_paper import reproduce_paper
from joppo.flows.submit import Child, Then
from joppo.flows.train_joppo import train_joppo
from joppo.flows.train_sft import train_sft
from joppo.training.models.base_model import RUN_FILE
from joppo.training.reproduction.store import FOLDER, latest
from joppo.training.trainer.run import load_run, train

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(900)]
DEPLOYED = {"train-sft": train_sft, "train-joppo": train_joppo, "evaluate-judge": evaluate_judge}
SHARED: dict[str, Any] = {
    "bf16": False,
    "gradient_checkpointing": False,
    "max_steps": 2,
    "eval_rows": 0,
    "max_completion_length": 40,
    "launch": {"cpu": True},
}
CONFIGS: dict[str, dict[str, Any]] = {
    "build-sft-data": {"scenes": {"per_category": 1, "size": 64}},
    "train-sft": {
        **SHARED,
        "base": "embedded",
        "batch": 4,
        "per_device_batch": 4,
        "lora": {"rank": 4, "alpha": 4},
    },
    "train-joppo": {
        **SHARED,
        "photos": 2,
        "group": 2,
        "per_device_batch": 4,
        "task_weights": {"score": 1},
    },
    "evaluate-judge": {
        "judges": ["embedded"],
        "local": {"max_new_tokens": 40},
        "sets": [{"name": "none", "snapshot": "latest"}],
    },
    "reproduce-paper": {
        "seeds": [3],
        "tuned_on": [100],
        "examples": 2,
        "sft_values": {"max_steps": 1},
        "joppo_values": {"max_steps": 1, "temperature": 0.9},
        "variants": [
            {"name": "base", "about": "not trained", "start": "base", "joppo": None},
            {"name": "sft", "about": "SFT alone", "joppo": None},
            {
                "name": "without-sft",
                "about": "no SFT",
                "start": "base",
                "joppo": {"temperature": 0.8},
            },
            {"name": "broken", "about": "too many photos", "joppo": {"photos": 5000}},
            {"name": "full", "about": "all"},
        ],
        "sets": [
            {"name": "held-out", "snapshot": "built", "split": "all", "limit": 3},
            {"name": "scenes", "scenes": {"per_category": 1, "seed": 9, "size": 64}, "limit": 1},
        ],
    },
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("configs")
    for name, values in CONFIGS.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
    return str(folder / "reproduce-paper.yaml")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Titles of the children, which run at once in this process; the build is a small one."""
    titles: list[str] = []

    def follow(
        children: Sequence[Child], timeout_s: float, then: Then | None = None
    ) -> list[tuple[Child, FlowRun]]:
        waiting, followed = deque(children), []
        while waiting:
            child = waiting.popleft()
            titles.append(str(child.title))
            followed.append((child, _run(child)))
            waiting.extend(then(child) if then else ())
        return followed

    def in_this_process(arguments: list[str], *_: Any) -> None:
        train(load_run(json.loads(Path(arguments[-1]).read_text())))

    def small(config: str, store: str) -> str:
        return build(Store(store), SceneSourceConfig(per_category=1, size=64))

    for step in ("trainings", "evaluations"):
        monkeypatch.setattr(f"joppo.flows.reproduction.{step}.follow_children", follow)
    monkeypatch.setattr("joppo.tasks.training.run_processes", in_this_process)
    stand_in = SimpleNamespace(with_options=lambda **_: small)
    monkeypatch.setattr("joppo.flows.reproduce_paper.build_sft_data", stand_in)
    return titles


def _run(child: Child) -> FlowRun:
    """A child's run, with the state that the server would know."""
    state = Completed()
    try:
        DEPLOYED[child.name](**child.parameters)
    except Exception as error:
        state = run_coro_as_sync(exception_to_failed_state(error))
    return FlowRun.model_construct(name=child.title, state=state)


def _trained(store: Store) -> Iterator[tuple[str, int, float | None]]:
    """Stage, steps and temperature of every finished training."""
    for path in Path(store.root).glob(f"runs/*/model/{RUN_FILE}"):
        about = json.loads(path.read_text())
        yield about["stage"], about["config"]["max_steps"], about["config"].get("temperature")


def test_all_variants_to_one_report_and_nothing_twice(
    config: str, store: Store, submitted: list[str]
) -> None:
    key = reproduce_paper(config, store.root)
    assert submitted == [
        "sft, seed 3",
        "without-sft, seed 3",
        "broken, seed 3",
        "full, seed 3",
        *["judges of seed 3"] * 2,
    ]
    assert latest(store) == key
    text = store.read_bytes(f"{FOLDER}/{key}/report.md").decode()
    for name, about in (("base", "not trained"), ("sft", "SFT alone"), ("full", "all")):
        assert f"| {name} | {about} | 1 of 1 | nothing |" in text
    (row,) = (line for line in text.splitlines() if line.startswith("| broken | too many"))
    assert "0 of 1 | seed 3: Failed" in row and "PreflightError" in row
    page = store.read_bytes(f"{FOLDER}/{key}/report.html")
    assert b"data:image/png" in page and b'<figure class="example"' in page
    artifact = Artifact.get("reproduction")
    assert artifact is not None and key in str(artifact.description)
    lost = Artifact.get("failed-variants")
    assert lost is not None and "PreflightError" in str(lost.data)

    trained = sorted(_trained(store))
    assert trained == [("joppo", 1, 0.8), ("joppo", 1, 0.9), ("sft", 1, None)]

    submitted.clear()
    assert reproduce_paper(config, store.root) == key
    # What failed is tried again, and nothing else.
    assert submitted == ["broken, seed 3"]
    assert store.read_bytes(f"{FOLDER}/{key}/report.html") == page


def test_a_variant_without_sft_to_begin_from_says_why(
    config: str, store: Store, submitted: list[str]
) -> None:
    broken = Path(config).with_name("broken.yaml")
    values = yaml.safe_load(Path(config).with_name("train-sft.yaml").read_text())
    broken.write_text(yaml.safe_dump({**values, "batch": 5000}))
    key = reproduce_paper(config, store.root, {"sft": broken.name})
    assert submitted[0] == "sft, seed 3" and not any("full" in title for title in submitted)
    text = store.read_bytes(f"{FOLDER}/{key}/report.md").decode()
    for name in ("sft", "broken", "full"):
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} | "))
        assert "no SFT judge: Failed" in row


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"joppo": "none.yaml"}, "none.yaml: no such config"),
        (
            {"variants": [{"name": "full", "about": "x", "joppo": {"rewrad": "joppo"}}]},
            "train-joppo.yaml: rewrad: Extra inputs",
        ),
        ({"seeds": [100]}, "used to choose hyper-parameters"),
    ],
)
def test_a_config_that_cannot_work_is_refused_before_any_work(
    config: str, tmp_path: Path, submitted: list[str], overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        reproduce_paper(config, str(tmp_path / "store"), overrides)
    assert submitted == [] and not (tmp_path / "store").exists()
