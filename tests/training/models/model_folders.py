"""Model folders of judges that were never trained, for tests of what reads them."""

import json
from pathlib import Path
from typing import Any

from joppo.data.questions.prompts import score_prompt
from joppo.data.taxonomy.rubrics import Rubric, load_rubric

FACTS = {
    "family": "qwen2_5_vl",
    "answer": "<answer>Score: value</answer>",
    "prompt_version": 2,
    "template": "aesthetic-open-score@1",
    "max_pixels": 4900,
    "min_pixels": 784,
    "pixel_step": 14,
    "max_new_tokens": 64,
    "digest": "ab" * 32,
}


def run_json(
    run: str = "joppo-1", rubric: Rubric | None = None, scored: bool = True, **facts: Any
) -> dict[str, Any]:
    """The content of a `run.json`; `facts` replace values of its section `judge`."""
    rubric = (rubric or load_rubric()) if scored else None
    prompt = score_prompt(rubric) if rubric else None
    return {
        "run": run,
        "base": "embedded",
        "snapshot": "v1",
        "rubric": rubric.as_dict() if rubric else None,
        "config": {"max_completion_length": 64},
        "parents": [{"base": "embedded", "weights": "p1"}],
        "judge": {**FACTS, "prompt": prompt, **facts},
    }


def write_run_json(folder: Path, **values: Any) -> Path:
    """Write the `run.json` of `run_json(**values)` and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(run_json(**values), sort_keys=True))
    return folder
