"""Which costly packages some code imports, seen in an interpreter of its own."""

import subprocess
import sys

from tests.paths import ROOT

HEAVY = (
    "datasets",
    "diffusers",
    "duckdb",
    "matplotlib",
    "numpy",
    "pandas",
    "prefect",
    "pyarrow",
    "pydantic",
    "scipy",
    "skimage",
    "torch",
    "transformers",
    "trl",
)


def heavy_imports(code: str) -> set[str]:
    """Those of `HEAVY` that are loaded after this code has run in the repository's root."""
    probe = f"{code}\nimport sys\nprint('loaded:', *(set({HEAVY!r}) & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("loaded:")[2].split())
