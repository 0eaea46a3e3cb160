"""Outside a clone Prefect gets the settings of the project's prefect.toml."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from joppo.flows.cli.prefect_settings import set_defaults, variables
from tests.paths import ROOT

SHOW = """
from joppo.flows.cli.prefect_settings import set_defaults
set_defaults()
from prefect.settings import get_current_settings
settings = get_current_settings()
print(settings.server.ephemeral.startup_timeout_seconds, settings.server.analytics_enabled,
      settings.plugins.enabled, settings.results.default_serializer,
      settings.server.services.late_runs.loop_seconds, settings.worker.query_seconds)
"""


def settings(folder: Path, **environment: str) -> list[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_prefect_reads_them_as_in_a_clone(tmp_path: Path) -> None:
    assert settings(tmp_path) == settings(ROOT) == ["180", "False", "True", "json", "30.0", "3.0"]


def test_a_variable_comes_first(tmp_path: Path) -> None:
    shown = settings(tmp_path, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="7")
    assert shown[:2] == ["7", "False"]


def test_a_file_in_the_working_folder_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prefect.toml").write_text("[server]\nanalytics_enabled = false\n")
    before = dict(os.environ)
    set_defaults()
    assert dict(os.environ) == before


def test_every_setting_of_the_file_is_one_variable() -> None:
    written = tomllib.loads((ROOT / "prefect.toml").read_text(encoding="utf-8"))
    named = dict(variables(written))
    assert named["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "180"
    assert named["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    text = (ROOT / "prefect.toml").read_text(encoding="utf-8")
    assert len(named) == sum(" = " in line for line in text.splitlines() if line[:1] != "#")
