"""`make figures`: the pictures of the README, made from a real run on a real server.

Starts the local system on a free port with a throw-away Prefect home, runs `build-sft-data` through
its deployment, and takes the screenshots with headless Chromium.
"""

import base64
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

FIGURES = Path("docs/figures")
PAGE = "1500,1250"
# The UI draws the run graph some seconds after the page is loaded.
VIRTUAL_MS = 25_000
RUN_SECONDS = 900


class FiguresError(RuntimeError):
    """The pictures could not be made; the message names the remedy."""


def chromium() -> str:
    """Path of a headless-capable browser.

    Raises:
        FiguresError: there is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise FiguresError("no Chromium found: install it (Debian: apt-get install chromium)")


def screenshot(url: str, out: Path, size: str = PAGE) -> None:
    """Picture of a page as a person sees it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                chromium(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--window-size={size}",
                f"--virtual-time-budget={VIRTUAL_MS}",
                f"--screenshot={out}",
                url,
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )


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
    """All pictures: the run's page, its artifacts, the contact sheet."""
    from joppo.flows.server.up import system

    with system(port) as local:
        os.environ["PREFECT_API_URL"] = local.api_url
        ui = local.ui
        run_id = run_deployed(store)
        screenshot(f"{ui}/runs/flow-run/{run_id}", FIGURES / "ui-run.png")
        balance, _ = artifact_of(run_id, "category-balance")
        screenshot(f"{ui}/artifacts/artifact/{balance}", FIGURES / "ui-balance.png")
        _, page = artifact_of(run_id, "contact-sheet")
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
