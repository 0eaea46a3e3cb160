"""Fixtures that all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, and no judgement by the clock: CI machines are busy.
settings.register_profile("joppo", deadline=None, derandomize=True)
settings.load_profile("joppo")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real labels and photographs; tests that need it are extra."""
    folder = os.environ.get("JOPPO_REAL_DATA")
    if not folder:
        pytest.skip("JOPPO_REAL_DATA names no folder of real labels and photographs")
    return Path(folder)


@pytest.fixture(scope="session")
def prefect_backend() -> Iterator[None]:
    """A throw-away Prefect server and database for tests of tasks and flows."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield
