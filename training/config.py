"""Configs of the two training stages. Defaults are the paper's values where it states them."""

import re
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from joppo.data.config import OPERATIONAL, PLACE, StageConfig
from joppo.data.taxonomy.rubrics import RubricChoice
from joppo.training.rewards.options import DEFAULT, Covariance, JointRewardConfig, Shrinkage
from joppo.training.rewards.registry import REWARDS

EMBEDDED = "embedded"
LATEST = "latest"
NEW = "new"
BestBy = Literal["srcc", "plcc", "accuracy", "parse_rate"]
Weight = Annotated[float, Field(ge=0)]
RewardName = Annotated[str, AfterValidator(REWARDS.check)]
_SECRET = re.compile(r"(^|_)(key|token|secret|password|credentials?)($|_)", re.IGNORECASE)


class LaunchConfig(StageConfig):
    """How the training processes start on this machine."""

    processes: Annotated[int, OPERATIONAL] = Field(default=1, ge=1)
    """data-parallel processes: one per GPU, or gloo processes on a CPU"""
    accelerate: Annotated[str | None, OPERATIONAL] = None
    """YAML of `accelerate` (DDP, FSDP or DeepSpeed), relative to the working directory"""
    cpu: Annotated[bool, OPERATIONAL] = False
    """train on the CPU"""
    threads: Annotated[int, OPERATIONAL] = Field(default=1, ge=1)
    """OpenMP threads of each process on a CPU"""
    env: Annotated[dict[str, str], OPERATIONAL] = Field(default_factory=dict)
    """environment variables of the training processes"""
    grace_s: Annotated[float, OPERATIONAL] = Field(default=15.0, gt=0)
    """seconds between the request to stop and the kill of the process group"""
    memory_check: Annotated[bool, OPERATIONAL] = True
    """refuse to start where the estimate (training.trainer.memory) exceeds the GPU"""

    @field_validator("env")
    @classmethod
    def _no_secret(cls, env: dict[str, str]) -> dict[str, str]:
        named = [name for name in env if _SECRET.search(name)]
        if named:
            raise ValueError(
                f"{', '.join(named)} looks like a secret, and configs are shown in logs and model "
                "cards: set it in the worker's environment, which the training processes inherit"
            )
        return env


class LoraSettings(StageConfig):
    """LoRA on the language model; the vision tower stays frozen unless `vision` is set.

    An unfrozen tower breaks DDP on batches without images, and vLLM cannot serve its adapter.
    """

    rank: int = Field(default=64, ge=1)
    """rank of the update of each adapted matrix"""
    alpha: int = Field(default=64, ge=1)
    """the paper states the rank only; alpha = rank scales the update by 1"""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """share of the adapter's inputs that is dropped in training"""
    vision: bool = False
    """whether the vision tower is adapted as well"""


class TrainConfig(StageConfig):
    """The fields of both stages."""

    seed: int = 0
    """of the order of the rows, new adapters and sampling"""
    snapshot: Annotated[str | None, PLACE] = None
    """version of the corpus; None takes the latest"""
    attention: Annotated[Literal["sdpa", "eager", "flash_attention_2"], OPERATIONAL] = "sdpa"
    """implementation of attention, as transformers names it; they differ in rounding only"""
    bf16: bool = True
    """train in bfloat16; else in float32"""
    gradient_checkpointing: Annotated[bool, OPERATIONAL] = True
    """compute activations anew in the backward pass: less memory, more time, the same gradients"""
    max_pixels: int | None = Field(default=None, ge=28 * 28)
    """photos are scaled down to this many pixels; None keeps the processor's own limit"""
    epochs: float = Field(default=1.0, gt=0)
    """passes over the training rows"""
    max_steps: int = Field(default=-1, ge=-1)
    """optimizer steps, whatever `epochs` is; -1 for no limit"""
    per_device_batch: Annotated[int, OPERATIONAL] = Field(default=4, ge=1)
    """sequences of one forward pass of one process: less memory if lower. The batch of an optimizer
    step stays the same, so a run resumes with another value"""
    learning_rate: float = Field(default=1e-4, gt=0)
    """highest learning rate; it falls to 0 as a cosine"""
    warmup: float = Field(default=0.03, ge=0, lt=1)
    """share of the steps in which the learning rate rises"""
    weight_decay: float = Field(default=0.0, ge=0)
    """weight decay of AdamW"""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """longer gradients are scaled down to this norm"""
    log_steps: Annotated[int, OPERATIONAL] = Field(default=1, ge=1)
    """metrics are logged every so many steps"""
    save_steps: Annotated[int, OPERATIONAL] = Field(default=50, ge=1)
    """a checkpoint is written every so many steps"""
    keep_checkpoints: Annotated[int, OPERATIONAL] = Field(default=2, ge=1)
    """the newest so many checkpoints are kept"""
    report_to: Annotated[tuple[str, ...], OPERATIONAL] = ()
    """trackers that transformers knows: wandb, tensorboard, trackio, mlflow, ..."""
    max_completion_length: int = Field(default=512, ge=1)
    """most tokens of a generated answer: in rollouts, and in the held-out evaluation"""
    eval_rows: int = Field(default=64, ge=0)
    """held-out rows, chosen by content hash, that are judged before, during and after training; up
    to half of them are scored photos. 0 for none"""
    eval_batch: Annotated[int, OPERATIONAL] = Field(default=16, ge=1)
    """held-out rows that are judged at a time"""
    validation_steps: Annotated[int, OPERATIONAL] = Field(default=0, ge=0)
    """the held-out rows are judged every so many steps and at the last one; 0 for never"""
    best_by: Annotated[BestBy, OPERATIONAL] = "srcc"
    """the held-out figure whose best checkpoint is kept beside the newest ones: SRCC or PLCC of the
    total, accuracy, or the share of answers in form"""
    keep: Literal["last", "best"] = "last"
    """whose weights the model folder gets: those of the last step, or those of the best checkpoint.
    With `best`, `validation_steps` and `best_by` shape the result and are part of the recipe"""
    launch: Annotated[LaunchConfig, OPERATIONAL] = LaunchConfig()
    """how the training processes start"""

    def recipe(self) -> dict[str, Any]:
        """See `StageConfig.recipe`.

        Validation changes no weight; it shapes the result where it chooses the checkpoint.
        """
        chosen = {"validation_steps": self.validation_steps, "best_by": self.best_by}
        return super().recipe() | (chosen if self.keep == "best" else {})

    @model_validator(mode="after")
    def _something_to_choose_by(self) -> "TrainConfig":
        if self.keep == "best" and not (self.validation_steps and self.eval_rows):
            raise ValueError(
                "keep: best needs validation: set validation_steps and eval_rows, or keep: last"
            )
        return self


class SftConfig(TrainConfig):
    """Supervised fine-tuning: rank 64, AdamW, 1e-4, cosine, 3% warm-up, batch 32, 1 epoch."""

    base: Annotated[str, PLACE] = "Qwen/Qwen2.5-VL-7B-Instruct"
    """a model folder, a hub id (`org/name` or `org/name@revision`), or `embedded` for the judge in
    this repository"""
    lora: LoraSettings = LoraSettings()
    """the adapter that is trained"""
    batch: int = Field(default=32, ge=1)
    """conversations of one optimizer step, over all processes"""
    task_weights: dict[Literal["composition", "perspective", "aesthetic"], Weight] = Field(
        default={"composition": 1.0, "perspective": 1.0, "aesthetic": 1.0}
    )
    """how often a conversation of a task is seen per epoch; 0.5 takes every second one"""
    templates: tuple[str, ...] = ("*",)
    """glob patterns of template ids: conversations whose question came from no such template are
    left out"""

    @model_validator(mode="after")
    def _some_task(self) -> "SftConfig":
        if not any(self.task_weights.values()):
            raise ValueError("task_weights: at least one task needs a weight above 0")
        return self


class JoppoConfig(TrainConfig):
    """Reinforcement learning with the joint reward: G = 6, 8e-6, 512 photos a batch, 1 epoch."""

    adapter: Annotated[str, PLACE] = LATEST
    """model folder of the SFT stage, or `latest` for the newest one of the store; its adapter is
    continued and is the KL reference. `new` starts a new adapter on `base`, which is then the
    reference: the ablation without SFT"""
    base: Annotated[str, PLACE] = "Qwen/Qwen2.5-VL-7B-Instruct"
    """the model that a new adapter is added to; unused otherwise"""
    lora: LoraSettings = LoraSettings()
    """of a new adapter; unused otherwise"""
    rubric: RubricChoice = "photography"
    """the attributes that the judge scores: a built-in name, the path of a YAML, or
    `package.module:name`; snapshot and adapter must have the same rubric"""
    reward: RewardName = "joppo"
    """`joppo`, `thurstone`, `absolute`, `relative_absolute`, or your own as `package.module:name`:
    see training/rewards/registry.py"""
    reward_options: dict[str, JsonValue] = Field(default={}, exclude_if=lambda options: not options)
    """further arguments of the reward, by name; the next five fields are those of `joppo`"""
    covariance: Covariance = DEFAULT.covariance
    """which deviations the covariance is estimated from: see training/rewards/options.py"""
    shrinkage: Shrinkage = DEFAULT.shrinkage
    """of the covariance towards its diagonal: in [0, 1], or an estimator"""
    ridge: float = DEFAULT.ridge
    """added to the diagonal of the attributes' covariance; 0, or at least 1e-12"""
    gamma: float = DEFAULT.gamma
    """added to the variance of the difference of two totals; not negative"""
    conditional_weight: float = DEFAULT.conditional_weight
    """weight of the conditional part in the joint reward, in [0, 1]"""
    reward_weights: dict[Literal["preference", "accuracy", "format"], Weight] = Field(
        default={"preference": 1.0, "accuracy": 1.0, "format": 0.5}
    )
    """weights of the rewards in their sum: `reward`, right choices, and the form of the answer"""
    task_weights: dict[Literal["score", "composition", "perspective"], Weight] = Field(
        default={"score": 1.0, "composition": 0.5, "perspective": 0.5}
    )
    """how often a prompt of a task is seen per epoch; 0.5 takes every second one"""
    learning_rate: float = Field(default=8e-6, gt=0)
    """highest learning rate; it falls to 0 as a cosine"""
    group: int = Field(default=6, ge=2)
    """candidates of each photo (G)"""
    photos: int = Field(default=512, ge=2)
    """photos of one reward batch, over all processes; 512 x 6 = 3,072 completions"""
    updates_per_batch: int = Field(default=1, ge=1)
    """optimizer steps on one reward batch"""
    iterations: int = Field(default=1, ge=1)
    """passes over one reward batch (mu)"""
    beta: float = Field(default=0.04, ge=0)
    """weight of the KL divergence from the SFT model; 0 keeps no reference"""
    epsilon: float = Field(default=0.2, gt=0)
    """clip range of the probability ratio"""
    loss: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "grpo"
    """which of trl's loss functions averages over tokens and completions"""
    temperature: float = Field(default=1.0, gt=0)
    """of sampled completions"""
    rollouts: Literal["transformers", "vllm"] = "transformers"
    """who samples the completions; vllm is watched over by training.trainer.vllm_guard"""
    rollout_batch: Annotated[int | None, OPERATIONAL] = Field(default=None, ge=1)
    """sequences that one process samples at once with transformers; None takes the whole batch"""
    share_prompts: Annotated[bool, OPERATIONAL] = False
    """run photo and prompt once for all candidates of a forward pass that share them: the more
    candidates of a group one pass holds (`per_device_batch`), the more it saves"""
    merge_rollouts: bool = False
    """sample with the adapter merged into the base, which is put back to the bit afterwards:
    faster, for the memory of a copy of the adapted weights; not with FSDP or DeepSpeed, which shard
    them. In bfloat16 the merged weights are rounded: see `importance_cap`"""
    importance_cap: float | None = Field(default=2.0, ge=1)
    """highest importance weight of a token: its loss is weighted by the ratio of the learner's
    probability to that of the sampler (training.trainer.rollout_weights); null for no weights"""
    vllm_memory: Annotated[float, OPERATIONAL] = Field(default=0.3, gt=0, lt=1)
    """share of the GPU's memory for vLLM: its own weights and its KV cache"""
    sample_steps: Annotated[int, OPERATIONAL] = Field(default=10, ge=1)
    """steps between two samples of ten completions with their rewards"""
    health_steps: Annotated[int, OPERATIONAL] = Field(default=10, ge=1)
    """every so many steps the figures of training.rewards.health are logged"""

    @property
    def joint(self) -> JointRewardConfig:
        """The options of the joint reward."""
        return JointRewardConfig(
            **{field.name: getattr(self, field.name) for field in fields(JointRewardConfig)}
        )

    @model_validator(mode="after")
    def _joint_in_range(self) -> "JoppoConfig":
        _ = self.joint  # checks its values
        return self

    def recipe(self) -> dict[str, Any]:
        """See `StageConfig.recipe`.

        The loss `bnpo` averages over the tokens of one forward pass: with it, `per_device_batch`
        shapes the gradient.
        """
        per_pass = {"per_device_batch": self.per_device_batch} if self.loss == "bnpo" else {}
        return super().recipe() | per_pass

    @model_validator(mode="after")
    def _some_work(self) -> "JoppoConfig":
        if not any(self.task_weights.values()):
            raise ValueError("task_weights: at least one task needs a weight above 0")
        return self

    @model_validator(mode="after")
    def _keys_to_share(self) -> "JoppoConfig":
        if self.share_prompts and self.gradient_checkpointing:
            raise ValueError(
                "share_prompts needs the keys and values of the prompts, which gradient "
                "checkpointing does not keep: set one of the two to false"
            )
        return self
