"""Where the repository and its parts lie, for tests that read them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
DATASET_FIXTURES = ROOT / "tests" / "data" / "datasets" / "fixtures"
