"""How far the sampler of JoPPO's completions is from its learner, and what the weights leave of it.

    OMP_NUM_THREADS=1 python -m benchmarks.rollout_ratios

A randomly initialised Qwen2.5-VL of 139 million parameters (13 million more are the adapter, whose
update is 2% of the adapted weights) samples one batch through JoppoTrainer; then the learner's log
probabilities of the same tokens are taken, as the loss takes them. Per setting, over all sampled
tokens, r being the learner's probability divided by the sampler's:

- log r: deviation, quantiles, and the deviation of its sum over an answer;
- before: the mean of |r - 1| / 2, which estimates the total variation between the distribution that
  is sampled from and the one that a loss without weights takes it for;
- after: the same of what the cap of the weights cuts off, the mean of |r - min(r, cap)| / 2.
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.scene_corpus import build
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import EMBEDDED, JoppoConfig, LoraSettings
from joppo.training.models.base_model import load_processor, lora_config, resolve_base
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.arguments import joppo_arguments
from joppo.training.trainer.examples import preference_dataset, resolve_snapshot, training_rows
from joppo.training.trainer.judge_rewards import JudgeRewards

TEXT = {
    "hidden_size": 1024,
    "intermediate_size": 2816,
    "num_hidden_layers": 12,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "initializer_range": 0.02,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [8, 12, 12]},
}
UPDATE = 2.8e-3
"""deviation of the adapter's second factor: its product with the first is 2% of the weights"""
LAST_NORM = 5.0
"""weight of the last norm: with tied random embeddings it gives answers some certainty"""


@dataclasses.dataclass(frozen=True)
class Setting:
    """One way to sample."""

    name: str
    bf16: bool
    merge: bool


SETTINGS = (
    Setting("float32, merged", bf16=False, merge=True),
    Setting("bfloat16, base and adapter", bf16=True, merge=False),
    Setting("bfloat16, merged", bf16=True, merge=True),
)


def judge(bf16: bool) -> Any:
    """The judge with its adapter, as training loads it: the base in bfloat16, LoRA in float32."""
    import torch
    from peft import get_peft_model
    from transformers import AutoConfig, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    shaped = AutoConfig.from_pretrained(resolve_base(EMBEDDED)).to_dict()
    del shaped["text_config"]["layer_types"]  # one entry per layer
    shaped["text_config"] |= TEXT
    shaped["vision_config"]["out_hidden_size"] = TEXT["hidden_size"]
    config = Qwen2_5_VLConfig(**shaped)
    torch.manual_seed(0)
    base = Qwen2_5_VLForConditionalGeneration(config)
    base.model.language_model.norm.weight.data.fill_(LAST_NORM)
    base.generation_config.eos_token_id = config.text_config.eos_token_id
    base.generation_config.pad_token_id = config.text_config.pad_token_id
    model = get_peft_model(base.bfloat16() if bf16 else base, lora_config(LoraSettings()))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(std=UPDATE)
    return model


def measured(store: Store, setting: Setting, photos: int, tokens: int) -> dict[str, Any]:
    """Log ratios of one batch, and their figures."""
    import torch

    from joppo.training.trainer.trainers import JoppoTrainer

    config = JoppoConfig.model_validate(
        {
            "bf16": setting.bf16,
            "merge_rollouts": setting.merge,
            "gradient_checkpointing": False,
            "photos": photos,
            "per_device_batch": photos * 6,
            "max_completion_length": tokens,
            "task_weights": {"score": 1},
            "beta": 0,
            "launch": {"cpu": True},
        }
    )
    run = Run("joppo", config, store, resolve_snapshot(store, None), "", Path(store.root) / "run")
    rewards = JudgeRewards(config, load_rubric().names)
    trainer = JoppoTrainer(
        model=judge(setting.bf16),
        reward_funcs=rewards.functions,
        args=joppo_arguments(run, config, 1, rewards.weights),
        train_dataset=preference_dataset(training_rows(run), store),
        processing_class=load_processor(resolve_base(EMBEDDED)),
    )
    trainer.sample_as(config)
    trainer.model.train()
    torch.manual_seed(0)
    batch = trainer._generate_and_score_completions(next(iter(trainer.get_train_dataloader())))
    names = ("pixel_values", "image_grid_thw", "mm_token_type_ids", "num_images")
    with torch.no_grad():
        learner, entropy, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model,
            torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1),
            torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1),
            batch["completion_ids"].shape[1],
            compute_entropy=True,
            **{name: batch[name] for name in names},
        )
    mask = batch["completion_mask"].bool()
    logs = (learner.float() - batch["sampling_per_token_logps"]) * mask
    assert config.importance_cap is not None
    return {
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "entropy": float(entropy[mask].float().mean()),
        **figures(logs[mask], logs.sum(1), config.importance_cap),
    }


def figures(logs: Any, sums: Any, cap: float) -> dict[str, float]:
    """See the module. `logs`: log r of each token, `sums`: of each answer."""
    import torch

    r = logs.double().exp()
    low, middle, high = logs.quantile(torch.tensor([0.01, 0.5, 0.99])).tolist()
    return {
        "tokens": len(logs),
        "deviation": float(logs.std()),
        "low": low,
        "middle": middle,
        "high": high,
        "most": float(logs.abs().max()),
        "answer": float(sums.std()),
        "capped": float((r > cap).double().mean()),
        "before": float((r - 1).abs().mean() / 2),
        "after": float((r - r.clamp(max=cap)).abs().mean() / 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=48)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        build(store, SceneSourceConfig(per_category=1, size=64))
        print(
            "| sampled with | tokens | log r: deviation | 1%, 50%, 99% | largest | of an answer's "
            "sum | tokens over the cap | before | after |\n|---|---|---|---|---|---|---|---|---|"
        )
        for setting in SETTINGS:
            started = time.monotonic()
            m = measured(store, setting, args.photos, args.tokens)
            print(
                f"| {setting.name} | {m['tokens']:,} | {m['deviation']:.2g} | {m['low']:.2g}, "
                f"{m['middle']:.2g}, {m['high']:.2g} | {m['most']:.2g} | {m['answer']:.2g} | "
                f"{m['capped']:.2%} | {m['before']:.2g} | {m['after']:.2g} |",
                flush=True,
            )
            print(
                f"  {m['parameters'] / 1e6:.0f} M parameters, entropy {m['entropy']:.2f} nats, "
                f"{time.monotonic() - started:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
