"""`make figures`: the pictures of the README, made from a real run on a real server.

Starts the local system on a free port with a throw-away Prefect home, runs `build-sft-data` through
its deployment, and takes the screenshots with headless Chromium.
"""

import base64
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from docs.pictures.browser import open_browser

FIGURES = Path("docs/figures")
PAGE = {"width": 1500, "height": 1250}
SETTLE_MS = 8_000
"""the UI asks the server, and draws the run graph, after its page is loaded"""
RUN_SECONDS = 900


class FiguresError(RuntimeError):
    """The pictures could not be made; the message names the remedy."""


def save_page(browser: Browser, url: str, out: Path, click: str | None = None) -> None:
    """Picture of a page of the UI as a person sees it, after a click on a text of it."""
    page = browser.new_page(viewport=PAGE)
    page.goto(url)
    page.wait_for_timeout(SETTLE_MS)
    if click is not None:
        page.get_by_text(click).click()
        page.wait_for_timeout(SETTLE_MS)
    out.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=out)
    page.close()


def form_of(ui: str, name: str) -> str:
    """Address of the form that starts a deployment of the server in PREFECT_API_URL."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"{name}/{name}")
    return f"{ui}/deployments/deployment/{deployment.id}/run"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_deployed(store: Path, name: str = "build-sft-data") -> str:
    """Run a deployment of the server in PREFECT_API_URL and return the id of its finished run.

    Raises:
        FiguresError: it did not complete.
    """
    from prefect.deployments import run_deployment

    run = run_deployment(
        f"{name}/{name}", parameters={"store": str(store)}, timeout=RUN_SECONDS, poll_interval=2
    )
    if run.state is None or not run.state.is_completed():
        raise FiguresError(f"the run ended as {run.state}")
    return str(run.id)


def artifact_of(run_id: str, key: str) -> tuple[str, str]:
    """(id, data) of a run's artifact."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterFlowRunId,
        ArtifactFilterKey,
    )

    chosen = ArtifactFilter(
        key=ArtifactFilterKey(any_=[key]), flow_run_id=ArtifactFilterFlowRunId(any_=[run_id])
    )
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(artifact_filter=chosen)
    return str(artifact.id), str(artifact.data)


def make_figures(store: Path, port: int) -> None:
    """All pictures: the run's page, its artifacts, a form, the contact sheet."""
    from joppo.flows.server.up import system

    with system(port) as local:
        os.environ["PREFECT_API_URL"] = local.api_url
        ui = local.ui
        run_id = run_deployed(store)
        balance, _ = artifact_of(run_id, "category-balance")
        _, page = artifact_of(run_id, "contact-sheet")
        form = form_of(ui, "train-joppo")
        # Prefect's client is done before the browser opens: each wants an event loop of its own.
        with open_browser() as browser:
            save_page(browser, f"{ui}/runs/flow-run/{run_id}", FIGURES / "ui-run.png")
            save_page(browser, f"{ui}/artifacts/artifact/{balance}", FIGURES / "ui-balance.png")
            save_page(browser, form, FIGURES / "ui-form.png", click="JoppoConfig")
    picture = base64.b64decode(page.split("base64,")[1].rstrip(")"))
    (FIGURES / "contact-sheet.jpg").write_bytes(picture)


def main() -> None:
    """Entry point: a child process with a throw-away Prefect home does the work."""
    if "JOPPO_FIGURES_STORE" in os.environ:
        make_figures(Path(os.environ["JOPPO_FIGURES_STORE"]), free_port())
        return
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {
            "PREFECT_HOME": f"{home}/prefect",
            "JOPPO_FIGURES_STORE": os.environ.get("JOPPO_STORE", "store"),
        }
        env.pop("PREFECT_API_URL", None)
        subprocess.run([sys.executable, "-m", "docs.pictures.ui_pages"], env=env, check=True)


if __name__ == "__main__":
    main()
