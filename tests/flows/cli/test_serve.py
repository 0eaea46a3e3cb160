"""`joppo serve`: the command is printed, or run."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from joppo.flows.cli.app import app
from joppo.training.models.serve_command import vllm_command
from joppo.training.runs.checkpoints import seal
from tests.training.models.model_folders import write_run_json


def test_the_printed_command_is_one_that_a_shell_reads(tmp_path: Path) -> None:
    folder = write_run_json(tmp_path / "my judge")
    done = CliRunner().invoke(app, ["serve", str(folder), "--", "--port", "9000"])
    assert done.exit_code == 0, done.output
    assert shlex.split(done.output.replace("\\\n", "")) == [
        *vllm_command(folder),
        "--port",
        "9000",
    ]


def test_the_latest_judge_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOPPO_RUNS", raising=False)
    folder = write_run_json(tmp_path / "runs" / "joppo-1" / "model")
    (folder / "model.safetensors").write_bytes(b"w")
    seal(folder)
    (tmp_path / "runs" / "latest-joppo").write_text("joppo-1\n")
    done = CliRunner().invoke(app, ["serve", "latest-joppo", "--store", str(tmp_path)])
    assert done.exit_code == 0 and str(folder) in done.output
    none = CliRunner().invoke(app, ["serve", "latest-sft", "--store", str(tmp_path)])
    assert none.exit_code == 1 and "train-sft" in none.output


def _run(folder: Path, programs: Path) -> "subprocess.CompletedProcess[str]":
    code = "from joppo.flows.cli.app import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "serve", str(folder), "--run"],
        env=os.environ | {"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_run_becomes_vllm(tmp_path: Path) -> None:
    folder, programs = write_run_json(tmp_path / "m"), tmp_path / "bin"
    programs.mkdir()
    missing = _run(folder, programs)
    assert missing.returncode == 1 and "vLLM is not installed here" in missing.stderr
    fake = programs / "vllm"
    fake.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    fake.chmod(0o755)
    done = _run(folder, programs)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == vllm_command(folder)[1:]
