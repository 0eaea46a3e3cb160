"""The rewards see the global batch, apply only where they should, and never guess."""

import json
import math
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from joppo.data.questions.answer_format import completion, format_score
from joppo.training.config import JoppoConfig
from joppo.training.rewards.joint import JointRewardConfig, joint_fidelity, thurstone_fidelity
from joppo.training.trainer.judge_rewards import JudgeRewards, batch_preference

NAMES = ("color", "light")
GROUP = 3


def _batch(
    tasks: tuple[str, ...] = ("score", "composition", "score", "score"), group: int = GROUP
) -> dict[str, list[Any]]:
    """Groups of candidates: by default three scored photos and a multiple choice in between."""
    generator = torch.Generator().manual_seed(3)
    names = ("completions", "task", "choices", "mos", "answer")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for number, task in enumerate(tasks):
        for candidate in range(group):
            total, color, light = torch.rand(3, generator=generator).tolist()
            scored = completion("Seen.", format_score(total, {"color": color, "light": -light}))
            text = scored if task == "score" else completion("Seen.", "AB"[candidate % 2])
            columns["completions"].append([{"role": "assistant", "content": text}])
            columns["task"].append(task)
            columns["choices"].append([] if task == "score" else ["x", "y"])
            columns["mos"].append(0.2 * number + 0.1 if task == "score" else None)
            columns["answer"].append(None if task == "score" else "B")
    return columns


def _rewards(**config: Any) -> JudgeRewards:
    values = {"adapter": "none", "group": GROUP, "photos": 4, "per_device_batch": 6} | config
    return JudgeRewards(JoppoConfig(**values), NAMES, gather=lambda t: t, rank=lambda: 0)


def _numbers(columns: dict[str, list[Any]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Totals, attributes and MOS of the scored photos of `_batch`, read with a plain split."""
    rows = []
    for message, task in zip(columns["completions"], columns["task"], strict=True):
        if task == "score":
            answer = message[0]["content"].partition("<answer>")[2].partition("</answer>")[0]
            rows.append([float(item.partition(":")[2]) for item in answer.split(",")])
    table = torch.tensor(rows, dtype=torch.float64).view(3, GROUP, 3)
    mos = torch.tensor([0.1, 0.5, 0.7], dtype=torch.float64)
    return table[..., 0], table[..., 1:], mos


def test_joint_reward_is_that_of_the_scored_photos_alone() -> None:
    columns = _batch()
    found = _rewards().preference(**columns)
    totals, attributes, mos = _numbers(columns)
    wanted = joint_fidelity(totals, attributes, mos, JointRewardConfig()).reshape(-1).tolist()
    assert [r for r in found if r is not None] == pytest.approx(wanted, abs=1e-12)
    assert [r is None for r in found] == [task != "score" for task in columns["task"]]


def test_reward_follows_the_config() -> None:
    columns = _batch()
    totals, _, mos = _numbers(columns)
    found = _rewards(reward="thurstone").preference(**columns)
    wanted = thurstone_fidelity(totals, mos).reshape(-1).tolist()
    assert [r for r in found if r is not None] == pytest.approx(wanted, abs=1e-12)
    kinds = ("joppo", "thurstone", "absolute", "relative_absolute")
    made = {kind: tuple(_rewards(reward=kind).preference(**columns)) for kind in kinds}
    assert len(set(made.values())) == len(kinds)


def test_accuracy_and_format_apply_where_they_should() -> None:
    columns = _batch()
    rewards = _rewards()
    assert rewards.accuracy(**columns)[:6] == [None, None, None, 0.0, 1.0, 0.0]
    assert rewards.format(**columns) == [1.0] * 12


def test_a_completion_that_cannot_be_parsed_gets_zero_and_moves_no_other_reward_to_nan() -> None:
    columns = _batch()
    columns["completions"][1] = [{"role": "assistant", "content": "Score: 0.9"}]
    columns["completions"][4] = [{"role": "assistant", "content": "B"}]
    rewards = _rewards()
    preference = rewards.preference(**columns)
    assert preference[1] == 0.0
    assert all(r is None or math.isfinite(r) for r in preference)
    assert rewards.accuracy(**columns)[4] == 0.0
    assert [rewards.format(**columns)[i] for i in (1, 4)] == [0.0, 0.0]


def test_a_batch_that_cannot_be_parsed_at_all_gets_zero() -> None:
    columns = _batch()
    columns["completions"] = [[{"role": "assistant", "content": "A fine photo."}]] * 12
    rewards, logged = _rewards(health_steps=1), dict[str, float]()
    preference = rewards.preference(**columns, log_metric=logged.__setitem__)
    assert {r for r in preference if r is not None} == {0.0}
    assert {r for r in rewards.accuracy(**columns) if r is not None} == {0.0}
    assert rewards.format(**columns, log_metric=logged.__setitem__) == [0.0] * 12
    assert logged["parse_rate"] == 0.0 and logged["health/parsed"] == 0.0
    assert all(math.isfinite(value) for value in logged.values())


def test_equal_scores_give_equal_rewards_in_a_group() -> None:
    table = torch.tensor([[1.0, m, 0.5, 0.1, 0.1] for m in (0.2, 0.8) for _ in range(GROUP)])
    found, _ = batch_preference(table.double(), _rewards().config)
    assert torch.isfinite(found).all()
    assert len(set(found.tolist())) == 1


def test_a_batch_without_scored_photos_needs_no_reward() -> None:
    columns = {name: values[3:6] for name, values in _batch().items()}
    assert _rewards().preference(**columns) == [None] * 3


def test_rows_must_be_whole_groups() -> None:
    with pytest.raises(ValueError, match="groups of 3"):
        batch_preference(torch.zeros(4, 5, dtype=torch.float64), _rewards().config)


_WORKER = """
import json, sys
from accelerate import PartialState
from joppo.training.config import JoppoConfig
from joppo.training.trainer.judge_rewards import JudgeRewards
state = PartialState(cpu=True)
columns = json.loads(open(sys.argv[1]).read())
half = len(columns["task"]) // state.num_processes
first = state.process_index * half
mine = {k: v[first : first + half] for k, v in columns.items()}
config = JoppoConfig(adapter="none", group=4, photos=3, per_device_batch=6)
found = JudgeRewards(config, ("color", "light")).preference(**mine)
open(f"{sys.argv[1]}.{state.process_index}", "w").write(json.dumps(found))
state.wait_for_everyone()
"""


def test_two_processes_give_the_rewards_of_one(tmp_path: Path) -> None:
    """Three groups of four on two processes: the second group straddles them."""
    columns = _batch(("score",) * 3, group=4)
    path = tmp_path / "batch.json"
    path.write_text(json.dumps(columns))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    workers = []
    for rank in range(2):
        env = {
            **os.environ,
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
            "OMP_NUM_THREADS": "1",
            "ACCELERATE_USE_CPU": "true",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, "-c", _WORKER, str(path)]
        workers.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
    for worker in workers:
        _, errors = worker.communicate(timeout=240)
        assert worker.returncode == 0, errors
    parts = [json.loads((tmp_path / f"batch.json.{rank}").read_text()) for rank in range(2)]
    assert parts[0] + parts[1] == pytest.approx(
        _rewards(group=4, photos=3).preference(**columns), abs=1e-6
    )
