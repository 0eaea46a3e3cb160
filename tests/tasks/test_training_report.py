"""Artifacts follow a run while it goes, and a server that is away never ends it."""

import base64
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

import joppo.tasks.progress as progress_artifact
import joppo.tasks.training_report as training_report
from joppo.data.store.store import Store
from joppo.tasks.training_report import EVERY_S, PICTURE_S, Progress, curves, report
from joppo.training.config import JoppoConfig
from joppo.training.runs.metrics_log import MetricsLog
from joppo.training.runs.run_folder import Run

METRICS = {
    "loss": 0.5,
    "reward": 0.25,
    "rewards/preference/mean": 0.4,
    "kl": 0.01,
    "entropy": 1.5,
    "completions/mean_length": 60.0,
    "parse_rate": 0.9,
    "health/effective_rank": 3.2,
    "num_tokens": 1e6,
}


class _Server:
    """Artifacts as Prefect's calls make them; `away` raises what a lost server does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from uuid import uuid4

        self.made: list[str] = []
        self.shown: dict[str, Any] = {}
        self.updates: list[str] = []
        self.keys: dict[Any, str] = {}
        self.away = False

        def create(data: Any = None, *, key: str, table: Any = None, description: str = "") -> Any:
            self._check()
            self.made.append(key)
            self.shown[key] = table if table is not None else data
            made = uuid4()
            self.keys[made] = key
            return made

        def update_progress(artifact_id: Any, progress: float) -> None:
            self.update_artifact(artifact_id, SimpleNamespace(data=progress))

        monkeypatch.setattr(progress_artifact, "create_progress_artifact", create)
        monkeypatch.setattr(progress_artifact, "update_progress_artifact", update_progress)
        for kind in ("table", "markdown"):
            monkeypatch.setattr(training_report, f"create_{kind}_artifact", create)
        monkeypatch.setattr(training_report, "get_client", lambda **_: self)
        monkeypatch.setattr(training_report, "get_run_logger", lambda: _Logger())

    def __enter__(self) -> "_Server":
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing to close."""

    def update_artifact(self, artifact_id: Any, update: Any) -> None:
        self._check()
        key = self.keys[artifact_id]
        self.updates.append(key)
        self.shown[key] = update.data

    def _check(self) -> None:
        if self.away:
            raise httpx.ConnectError("no server")


class _Logger:
    warnings: list[str] = []  # noqa: RUF012

    def info(self, *args: Any) -> None:
        """Not looked at."""

    def warning(self, message: str, *args: Any) -> None:
        self.warnings.append(message % args)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> _Server:
    _Logger.warnings = []
    return _Server(monkeypatch)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    store = Store(tmp_path / "store")
    made = Run("joppo", JoppoConfig(adapter="/judge"), store, "v1", "p1", tmp_path / "run")
    log = MetricsLog(store, made.id, "joppo")
    for step in (1, 2):
        log.add(step, step / 2, METRICS)
    log.add(2, 1.0, {"before_srcc_total": 0.2, "after_srcc_total": 0.7})
    return made


def _step(number: int, total: int = 50) -> dict[str, Any]:
    return {"event": "step", "step": number, "total": total, "metrics": METRICS}


def test_tables_and_picture_follow_the_run(server: _Server, run: Run) -> None:
    now = [0.0]
    progress = Progress(run, clock=lambda: now[0])
    progress.take(_step(1))
    (row,) = json.loads(json.dumps(server.shown["steps-joppo"]))
    assert row == {
        "step": 1,
        "loss": 0.5,
        "reward": 0.25,
        "preference": 0.4,
        "kl": 0.01,
        "entropy": 1.5,
        "length": 60.0,
        "in form": 0.9,
    }
    assert server.shown["reward-health-joppo"] == [{"figure": "effective rank", "newest": 3.2}]
    progress.take(_step(2))
    assert "steps-joppo" not in server.updates, "not before its time"
    now[0] = EVERY_S
    progress.take(_step(3))
    assert [r["step"] for r in json.loads(server.shown["steps-joppo"])] == [3, 2, 1]
    assert server.shown["progress-train-joppo"] == 6.0
    assert "curves-joppo" not in server.made, "a short run has no time for pictures"
    now[0] = PICTURE_S
    progress.take(_step(4))
    assert server.made.count("curves-joppo") == 1
    picture = server.shown["curves-joppo"].partition("base64,")[2].rstrip(")")
    assert Image.open(io.BytesIO(base64.b64decode(picture))).format == "PNG"
    progress.take(_step(50))
    assert server.shown["progress-train-joppo"] == 100.0
    assert "curves-joppo" in server.updates


def test_validations_are_a_table(server: _Server, run: Run) -> None:
    progress = Progress(run)
    for step, value, best in ((10, 0.25, 10), (20, 0.123456, 10)):
        figures = {"srcc_total": value}
        progress.take({"event": "validation", "step": step, "metrics": figures, "best": best})
    assert json.loads(server.shown["validation-joppo"]) == [
        {"step": 10, "srcc_total": 0.25, "best": True},
        {"step": 20, "srcc_total": 0.1235, "best": False},
    ]


def test_samples_are_a_table(server: _Server, run: Run) -> None:
    progress = Progress(run)
    rows = [{"photo": "images/aa/b.png", "completion": "<think>", "preference": 0.5}]
    progress.take({"event": "samples", "step": 10, "rows": rows})
    assert server.shown["samples-joppo"] == rows


def test_a_server_that_is_away_ends_nothing(
    server: _Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_report, "curves", lambda run: "![curves](...)")
    server.away = True
    progress = Progress(run, clock=lambda: 0.0)
    progress.take(_step(1))
    assert server.made == [] and "no server" in _Logger.warnings[0]
    server.away = False
    progress.take(_step(50))
    assert server.shown["progress-train-joppo"] == 100.0
    assert len(server.shown["steps-joppo"]) == 2


def test_the_report_names_figures_page_and_query(server: _Server, run: Run) -> None:
    report(run)
    figures = {row["figure"]: row["value"] for row in server.shown["figures-joppo"]}
    assert figures["before_srcc_total"] == 0.2 and figures["after_srcc_total"] == 0.7
    page = Path(run.store.root) / "runs" / run.id / "curves.html"
    assert str(page) in server.shown["model-joppo"]
    text = page.read_text()
    assert "srcc_total" in text and "/judge" not in text
    assert f"run = '{run.id}'" in server.shown["model-joppo"]
    assert curves(run).startswith(f"## {run.id}")
