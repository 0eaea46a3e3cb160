"""The configs of both stages as arguments of trl and transformers."""

from typing import Any

from joppo.training.config import JoppoConfig, SftConfig, TrainConfig
from joppo.training.runs.run_folder import Run


def _shared(run: Run) -> dict[str, Any]:
    c: TrainConfig = run.config
    return {
        "output_dir": str(run.folder),
        "run_name": run.id,
        "seed": c.seed,
        "bf16": c.bf16,
        "use_cpu": c.launch.cpu,
        "gradient_checkpointing": c.gradient_checkpointing,
        "num_train_epochs": c.epochs,
        "max_steps": c.max_steps,
        "per_device_train_batch_size": c.per_device_batch,
        "per_device_eval_batch_size": c.per_device_batch,
        "learning_rate": c.learning_rate,
        "warmup_steps": c.warmup,
        "lr_scheduler_type": "cosine",
        "optim": "adamw_torch",
        "weight_decay": c.weight_decay,
        "max_grad_norm": c.max_grad_norm,
        "logging_steps": c.log_steps,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": c.save_steps,
        # training.runs.checkpoints rotates, after the checksums.
        "save_total_limit": None,
        "report_to": list(c.report_to),
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_num_workers": 0,
        # A language-only LoRA uses all its parameters in every batch.
        "ddp_find_unused_parameters": False,
        "trust_remote_code": False,
    }


def sft_arguments(run: Run, config: SftConfig, world: int) -> Any:
    """SFTConfig: completion-only loss, no truncation (it could cut image tokens)."""
    from trl import SFTConfig

    return SFTConfig(
        **_shared(run),
        gradient_accumulation_steps=config.batch // (config.per_device_batch * world),
        max_length=None,
        packing=False,
        completion_only_loss=True,
        eval_strategy="no",
    )


def joppo_arguments(run: Run, config: JoppoConfig, world: int, weights: list[float]) -> Any:
    """GRPOConfig: one reward batch is photos x group completions over all processes."""
    from trl import GRPOConfig

    passes = config.photos * config.group // (config.per_device_batch * world)
    return GRPOConfig(
        **_shared(run),
        steps_per_generation=passes,
        gradient_accumulation_steps=passes // config.updates_per_batch,
        num_generations=config.group,
        num_iterations=config.iterations,
        beta=config.beta,
        epsilon=config.epsilon,
        loss_type=config.loss,
        temperature=config.temperature,
        max_completion_length=config.max_completion_length,
        reward_weights=weights,
        scale_rewards="group",
        log_completions=False,
        log_multimodal=False,
        use_vllm=config.rollouts == "vllm",
        # In the training processes and never put to sleep: vLLM would lose the updated weights.
        vllm_mode="colocate",
        vllm_gpu_memory_utilization=config.vllm_memory,
        # As training.trainer.rollout_weights does it for completions that transformers samples.
        vllm_importance_sampling_correction=config.importance_cap is not None,
        vllm_importance_sampling_mode="token_truncate",
        vllm_importance_sampling_clip_max=config.importance_cap,
    )
