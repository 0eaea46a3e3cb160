"""docs/real.md: every command works as printed, with the configs of a rehearsal in their place."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from prefect.settings import get_current_settings

from joppo.flows.cli.app import COMMANDS
from tests.data.datasets.miniatures import make_datasets
from tests.data.pictures import painting, png
from tests.paths import CONFIGS, ROOT

pytestmark = [pytest.mark.usefixtures("prefect_backend"), pytest.mark.timeout(1500)]

PAGE = (ROOT / "docs" / "real.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.+?)```", PAGE, re.M | re.S)
LINES = [line for block in BLOCKS for line in block.splitlines() if line]
STORE = Path("rehearsal") / "single-gpu"
DEPLOYMENTS = {
    d["name"]: d for d in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
}
# A deployment's flow with the parameters of the command line, in this process.
RUN_FLOW = """
import json, sys
from prefect.flows import load_flow_from_entrypoint
flow = load_flow_from_entrypoint(sys.argv[1])
flow(**json.loads(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the page takes for granted: configs, datasets beside them, two photos."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(CONFIGS, folder / "configs")
    make_datasets(folder / "datasets", seed=5, missing=0)
    (folder / "photos").mkdir()
    for number, name in enumerate(("a", "b")):
        (folder / "photos" / f"{name}.jpg").write_bytes(png(painting(number)))
    return folder


@pytest.fixture(scope="module")
def run(here: Path) -> Callable[[str], str]:
    """Runs a line of the page in the folder; returns what it prints."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PREFECT_API_URL": str(get_current_settings().api.url),
        "JOPPO_STORE": "",
        "OMP_NUM_THREADS": "1",
    }
    del environment["JOPPO_STORE"]

    def line(text: str) -> str:
        done = subprocess.run(
            ["bash", "-c", text], cwd=here, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    return line


def test_the_page_has_every_step() -> None:
    words = [shlex.split(line)[:2] for line in LINES]
    named = {second for first, second in words if first == "joppo"}
    assert named <= {command.__name__ for command in COMMANDS}
    assert {
        "labels",
        "plan",
        "rehearse",
        "build",
        "evaluate",
        "calibrate",
        "score",
        "serve",
    } <= named
    assert sum(line.startswith("prefect deployment run") for line in LINES) == 2
    config = yaml.safe_load((CONFIGS / "paper" / "evaluate-judge.yaml").read_text())
    config |= yaml.safe_load((CONFIGS / "paper" / "build-sft-data.yaml").read_text())
    sources = [one["source"] for one in config["sets"]] + config["sources"]
    for path in {one[key] for one in sources for key in ("labels", "images")}:
        assert f"`{path.removeprefix('../../')}`" in PAGE


def test_every_command_works_as_printed(here: Path, run: Callable[[str], str]) -> None:
    """One rehearsal does the work; its configs and its store then stand for those of the page."""
    rehearsals = [line for line in LINES if line.startswith("joppo rehearse")]
    before = LINES[: LINES.index(rehearsals[0])]
    after = LINES[LINES.index(rehearsals[-1]) + 1 :]
    for line in before:
        run(line)
    run(f"{rehearsals[0]} --photos 24")
    report = json.loads((here / STORE / "rehearsal.json").read_text())
    assert report["passed"]
    shutil.copytree(here / STORE / "configs", here / "configs" / "single-gpu", dirs_exist_ok=True)
    (here / "store").symlink_to(STORE)
    for line in after:
        run(in_rehearsal_form(line))
    assert (here / "evaluation" / "report.md").is_file()
    assert list((here / "scores").glob("*.html"))
    assert (here / "merged" / "model.safetensors").is_file()


def in_rehearsal_form(line: str) -> str:
    """The line for a corpus of a few photos; flows stand for deployments, which need workers.

    A calibration needs ten photos, and few of a rehearsal's are validation photos.
    """
    if line.startswith("joppo calibrate"):
        return f"{line} --split all"
    if not line.startswith("prefect deployment run"):
        return line
    name, _, *values = shlex.split(line.removeprefix("prefect deployment run"))
    parameters = dict(value.split("=", 1) for value in values)
    entrypoint = str(ROOT / DEPLOYMENTS[name]["entrypoint"])
    return shlex.join([sys.executable, "-c", RUN_FLOW, entrypoint, json.dumps(parameters)])
