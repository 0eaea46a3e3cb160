"""What a training run shows in the UI, while it goes and when it is done.

| artifact | |
|---|---|
| `progress-train-<stage>` | percent of the steps |
| `validation-<stage>` | held-out figures by step, and which step is best |
| `steps-<stage>` | the newest logged steps: loss, reward parts, KL, entropy, lengths, parse rate |
| `reward-health-joppo` | newest figures of training.rewards.health |
| `samples-joppo` | ten completions with their rewards, a version of it every `sample_steps` |
| `curves-<stage>` | a picture of the curves |
| `figures-<stage>`, `model-<stage>` | at the end: held-out figures, where the model lies |
"""

import json
import math
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate

from joppo.data.photos.data_uri import markdown_picture
from joppo.data.store.store import Store
from joppo.tasks.launch import Event
from joppo.tasks.progress import ProgressArtifact
from joppo.training.runs.metrics_log import last_values, read_metrics
from joppo.training.runs.plots import COLUMNS, label, picture, write_page
from joppo.training.runs.run_folder import Run

EVERY_S = 60.0
"""seconds between updates of the tables: the server keeps every update"""
PROGRESS_S = 5.0
PICTURE_PERCENT = 5
PICTURE_S = 120.0
"""a picture takes seconds to draw: in a training of minutes that would be felt"""
SHOWN_STEPS = 40
_HEALTH = "health/"


class Progress:
    """Events of the training processes as artifacts and log lines.

    A server that does not answer is logged and costs an update, never the training.
    """

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        self.run, self.clock = run, clock
        self.logger = get_run_logger()
        self.artifacts: dict[str, UUID] = {}
        self.steps: list[dict[str, Any]] = []
        self.health: dict[str, float] = {}
        self.validations: dict[int, dict[str, float]] = {}
        self.pictured = 0
        self.updated = -math.inf
        self.drawn = clock()
        self.bar = ProgressArtifact(
            f"progress-train-{run.stage}", description=run.id, every_s=PROGRESS_S, clock=clock
        )
        self._try(lambda: self.bar.show(0, 1))

    def take(self, event: Event) -> None:
        """One event of the first training process."""
        if event["event"] == "step":
            self._step(event)
        elif event["event"] == "validation":
            self._validation(event["step"], event["metrics"], event["best"])
        elif event["event"] == "samples":
            title = f"{self.run.id}: completions of step {event['step']}"
            self._try(
                lambda: create_table_artifact(
                    key=f"samples-{self.run.stage}", table=event["rows"], description=title
                )
            )
        else:
            self.logger.info("%s", {k: v for k, v in event.items() if k != "event"})

    def _step(self, event: Event) -> None:
        step, total, metrics = event["step"], max(event["total"], 1), event["metrics"]
        numbers = {name: metrics[name] for name in COLUMNS if name in metrics}
        if numbers:
            text = ", ".join(f"{label(name)} {value:.4g}" for name, value in numbers.items())
            self.logger.info("step %d of %d: %s", step, total, text)
            shown = {label(name): float(f"{value:.4g}") for name, value in numbers.items()}
            self.steps = [{"step": step, **shown}, *self.steps][:SHOWN_STEPS]
        self.health |= {k: v for k, v in metrics.items() if k.startswith(_HEALTH)}
        last, now = step >= total, self.clock()
        percent = 100 * step // total
        self._try(lambda: self.bar.show(step, total))
        if last or now - self.updated >= EVERY_S:
            self.updated = now
            self._tables()
        grown = percent >= self.pictured + PICTURE_PERCENT
        if last or (grown and now - self.drawn >= PICTURE_S):
            self.pictured, self.drawn = percent, now
            self._show(f"curves-{self.run.stage}", "markdown", curves(self.run))

    def _validation(self, step: int, figures: dict[str, float], best: int | None) -> None:
        text = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        self.logger.info("validation of step %d: %s%s", step, text, "; best" * (step == best))
        self.validations[step] = figures
        rows = [
            {
                "step": number,
                **{name: float(f"{value:.4g}") for name, value in taken.items()},
                "best": number == best,
            }
            for number, taken in sorted(self.validations.items())
        ]
        self._show(f"validation-{self.run.stage}", "table", json.dumps(rows))

    def _tables(self) -> None:
        self._show(f"steps-{self.run.stage}", "table", json.dumps(self.steps))
        if self.health:
            rows = [
                {"figure": label(name), "newest": float(f"{value:.4g}")}
                for name, value in sorted(self.health.items())
            ]
            self._show(f"reward-health-{self.run.stage}", "table", json.dumps(rows))

    def _show(self, key: str, kind: str, data: Any) -> None:
        """Create the artifact of a key, or replace what the one of this try shows."""

        def show() -> None:
            if key in self.artifacts:
                with get_client(sync_client=True) as client:
                    client.update_artifact(self.artifacts[key], ArtifactUpdate(data=data))
            elif kind == "table":
                table = json.loads(data)
                artifact = create_table_artifact(table, key=key, description=self.run.id)
                self.artifacts[key] = _id(artifact)
            else:
                self.artifacts[key] = _id(create_markdown_artifact(data, key=key))

        self._try(show)

    def _try(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except httpx.HTTPError as error:
            self.logger.warning("an artifact was not updated: %s", error)


def _id(artifact: Any) -> UUID:
    """The artifact calls are sync here, although their signature allows for a coroutine."""
    assert isinstance(artifact, UUID)
    return artifact


def curves(run: Run) -> str:
    """Markdown with a picture of the curves: the UI reaches neither the store nor this disk."""
    png = picture(read_metrics(run.store, run.id))
    return f"## {run.id}\n\n{markdown_picture('curves', png, 'image/png')}"


def report(run: Run) -> None:
    """Held-out figures as a table; model and page of curves by their places."""
    rows = read_metrics(run.store, run.id)
    page = put_page(run.store, run, rows)
    figures = [
        {"figure": name, "value": value}
        for name, value in sorted(last_values(rows).items())
        if name.startswith(("before_", "after_")) or name in COLUMNS
    ]
    create_table_artifact(figures, key=f"figures-{run.stage}", description=run.id)
    create_markdown_artifact(
        f"Model `{run.model}`, curves `{page}`, snapshot `{run.snapshot}`. All values:\n\n"
        f"```\njoppo query \"FROM training_metrics WHERE run = '{run.id}'\"\n```\n",
        key=f"model-{run.stage}",
    )


def put_page(store: Store, run: Run, rows: list[dict[str, Any]]) -> str:
    """Write the run's page of curves beside its metrics; its place."""
    uri = f"runs/{run.id}/curves.html"
    about = {"snapshot": run.snapshot, "parent": run.parent, **run.config.recipe()}
    store.write_bytes(uri, write_page(rows, run.id, about).encode())
    return f"{store.root}/{uri}"
