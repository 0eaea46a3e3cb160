"""JoPPO without SFT: a new adapter on the base, which is then the KL reference."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

from benchmarks.scene_corpus import build
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.training.config import NEW, JoppoConfig
from joppo.training.models.base_model import resolve_base
from joppo.training.models.model_folder import model_digest
from joppo.training.trainer.prepare import prepare
from joppo.training.trainer.run import train

pytestmark = pytest.mark.timeout(900)


def test_joppo_can_begin_on_the_base(tmp_path: Path) -> None:
    store = Store(tmp_path)
    build(store, SceneSourceConfig(per_category=1, size=64))
    config = JoppoConfig.model_validate(
        {
            "adapter": NEW,
            "base": "embedded",
            "lora": {"rank": 8, "alpha": 8},
            "photos": 4,
            "group": 2,
            "per_device_batch": 8,
            "max_steps": 2,
            "save_steps": 2,
            "bf16": False,
            "gradient_checkpointing": False,
            "learning_rate": 1e-3,
            "max_completion_length": 80,
            "task_weights": {"score": 1},
            "eval_rows": 0,
            "launch": {"cpu": True},
        }
    )
    run = prepare(config, store)
    assert run.parent == model_digest(Path(resolve_base("embedded")))
    train(run)
    weights = load_file(run.model / "adapter_model.safetensors")
    assert weights and all("language_model" in name for name in weights)
    # A new adapter begins with B = 0: what is not zero has been learnt.
    assert any(bool(w.any()) for name, w in weights.items() if "lora_B" in name)
