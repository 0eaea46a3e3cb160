"""Ten completions of a batch are kept to read, with what the rewards thought of them."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from joppo.data.store.store import Store
from joppo.training.runs.run_folder import read_event
from joppo.training.runs.samples import COUNT, SampleLog, pick


def _logs(count: int) -> dict[str, Any]:
    """As trl keeps them: a multiple choice (no preference reward) after every two scored photos."""
    scored = [i % 3 < 2 for i in range(count)]
    return {
        "completion": [[{"role": "assistant", "content": f"Größe {i}"}] for i in range(count)],
        "advantages": [i / 10 for i in range(count)],
        "rewards": {
            "preference": [0.5 if s else math.nan for s in scored],
            "format": [1.0] * count,
        },
        "extra": {
            "photo": [f"images/{i}.png" for i in range(count)],
            "task": ["score" if s else "composition" for s in scored],
            "mos": [0.3 if s else None for s in scored],
        },
    }


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 48, 3072])
def test_they_are_spread_over_the_batch(count: int) -> None:
    rows = pick(_logs(count))
    numbers = [int(row["completion"].split()[1]) for row in rows]
    assert len(numbers) == min(count, COUNT) == len(set(numbers))
    assert numbers[0] == 0 and numbers[-1] == count - 1
    steps = [b - a for a, b in pairwise(numbers)]
    assert not steps or max(steps) - min(steps) <= 1


def test_each_row_belongs_to_one_completion() -> None:
    for row in pick(_logs(48)):
        number = int(row["completion"].split()[1])
        assert row["photo"] == f"images/{number}.png"
        assert row["advantage"] == number / 10
        assert row["format"] == 1.0
        # A reward that does not apply is null, not NaN.
        assert row["preference"] == (0.5 if number % 3 < 2 else None)
        assert "answer" not in row


def test_plain_texts_are_completions_too() -> None:
    logs = _logs(3) | {"completion": ["a", "b", "c"]}
    assert [row["completion"] for row in pick(logs)] == ["a", "b", "c"]


def test_they_are_in_the_store_and_told_to_the_parent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = SampleLog(Store(tmp_path), "joppo-1", every=5)
    assert [step for step in range(1, 16) if log.due(step)] == [5, 10, 15]
    log.keep(5, _logs(48))
    lines = (tmp_path / "runs/joppo-1/samples/step-000005.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == pick(_logs(48))
    assert "Größe 0" in lines[0]
    event = read_event(capsys.readouterr().out.strip())
    assert event == {"event": "samples", "step": 5, "rows": pick(_logs(48))}
