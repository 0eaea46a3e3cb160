"""The loss is weighted by what the learner and the sampler of a completion differ."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import get_peft_model

from benchmarks.scene_corpus import build
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import EMBEDDED, JoppoConfig, LoraSettings, SftConfig
from joppo.training.models.base_model import load_base, load_processor, lora_config, resolve_base
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.arguments import joppo_arguments
from joppo.training.trainer.examples import preference_dataset, resolve_snapshot, training_rows
from joppo.training.trainer.judge_rewards import JudgeRewards
from joppo.training.trainer.merged import merged
from joppo.training.trainer.rollout_weights import importance_weights
from joppo.training.trainer.sampler_logps import recorded

pytestmark = pytest.mark.timeout(300)
IDS = torch.tensor([[9, 12, 40, 7, 300], [5, 80, 81, 11, 2]])


def adapted() -> Any:
    """The embedded judge with an adapter that is not zero, so that merging it changes weights."""
    torch.manual_seed(0)
    lora = lora_config(LoraSettings(rank=4, alpha=4))
    lora.init_lora_weights = False
    return get_peft_model(load_base(resolve_base(EMBEDDED), SftConfig(bf16=False)), lora)


def test_weights_by_hand() -> None:
    learner = torch.tensor([[0.5, 0.3, 0.9, 0.2]]).log()
    sampler = torch.tensor([[0.25, 0.6, 0.1, 0.4]]).log()
    mask = torch.tensor([[1, 1, 1, 0]])
    found = importance_weights(learner, sampler, mask, cap=2.5)
    # 0.5/0.25 = 2; 0.3/0.6 = 0.5; 0.9/0.1 = 9, capped; the last token is no answer.
    torch.testing.assert_close(found, torch.tensor([[2.0, 0.5, 2.5, 1.0]]))


def test_the_numbers_of_the_draw_are_recorded() -> None:
    judge, temperature = adapted().eval(), 0.7
    torch.manual_seed(1)
    usual = {"do_sample": True, "top_k": 0, "temperature": temperature, "max_new_tokens": 6}
    plain = judge.generate
    with merged(judge), recorded(judge, temperature) as found, torch.no_grad():
        drawn = judge.generate(input_ids=IDS, attention_mask=torch.ones_like(IDS), **usual)
        logits = judge(input_ids=drawn, attention_mask=torch.ones_like(drawn)).logits
    expected = (logits.float() / temperature).log_softmax(-1)[:, IDS.shape[1] - 1 : -1]
    expected = expected.gather(-1, drawn[:, IDS.shape[1] :, None])[..., 0]
    alive = (drawn[:, IDS.shape[1] :] != judge.generation_config.pad_token_id).cummin(-1).values
    torch.testing.assert_close(found[0][alive], expected[alive], atol=1e-4, rtol=1e-4)
    assert judge.generate == plain and "generate" not in vars(judge)


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A trainer whose sampler has merged weights, and three portions for a batch."""
    from joppo.training.trainer.trainers import JoppoTrainer

    store = Store(tmp_path_factory.mktemp("store"))
    build(store, SceneSourceConfig(per_category=1, size=64))
    config = JoppoConfig.model_validate(
        {
            "bf16": False,
            "gradient_checkpointing": False,
            "photos": 2,
            "group": 4,
            "per_device_batch": 8,
            "rollout_batch": 3,
            "merge_rollouts": True,
            "temperature": 0.9,
            "beta": 0,
            "max_completion_length": 24,
            "task_weights": {"score": 1},
            "importance_cap": 1.5,
            "launch": {"cpu": True},
        }
    )
    snapshot = resolve_snapshot(store, None)
    run = Run("joppo", config, store, snapshot, "", Path(store.root) / "run")
    rewards = JudgeRewards(config, load_rubric().names)
    made = JoppoTrainer(
        model=adapted(),
        reward_funcs=rewards.functions,
        args=joppo_arguments(run, config, 1, rewards.weights),
        train_dataset=preference_dataset(training_rows(run), store),
        processing_class=load_processor(resolve_base(EMBEDDED)),
    )
    made.sample_as(config)
    made.create_optimizer()
    made.current_gradient_accumulation_steps = 1
    return made


@pytest.fixture(scope="module")
def batch(trainer: Any) -> dict[str, Any]:
    trainer.model.train()
    rows = next(iter(trainer.get_train_dataloader()))
    made: dict[str, Any] = trainer._generate_and_score_completions(rows)
    return made


def learner_logps(trainer: Any, batch: dict[str, Any]) -> torch.Tensor:
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    kept = ("pixel_values", "image_grid_thw", "mm_token_type_ids", "num_images")
    with torch.no_grad():
        found, _, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model,
            ids,
            mask,
            batch["completion_ids"].shape[1],
            **{name: batch[name] for name in kept},
        )
    logps: torch.Tensor = found
    return logps


def test_in_float32_the_merged_sampler_is_the_learner(trainer: Any, batch: dict[str, Any]) -> None:
    mask = batch["completion_mask"].bool()
    assert mask.any(1).all()
    difference = learner_logps(trainer, batch) - batch["sampling_per_token_logps"]
    assert difference[mask].abs().max() < 1e-3


def test_the_loss_is_that_of_a_computation_by_hand(trainer: Any, batch: dict[str, Any]) -> None:
    """grpo without KL at the sampled weights: minus the mean over answers of w x advantage."""
    learner = learner_logps(trainer, batch)
    advantages = torch.tensor([1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 0.25, -0.25])
    by = torch.tensor([math.log(1.2), math.log(0.5), math.log(4.0)])
    shift = by[torch.arange(learner.shape[1]) % 3]
    given = batch | {"advantages": advantages, "sampling_per_token_logps": learner - shift}
    weights = torch.tensor([1.2, 0.5, 1.5])[torch.arange(learner.shape[1]) % 3]
    mask = batch["completion_mask"]
    expected = -((weights * advantages[:, None] * mask).sum(1) / mask.sum(1)).mean()
    loss = trainer._compute_loss(trainer.model, dict(given))
    assert loss.item() == pytest.approx(expected.item(), abs=1e-4)
    logged = trainer._metrics["train"]
    most = weights.expand_as(mask)[mask.bool()].max().item()
    assert logged["sampling/importance_sampling_ratio/max"][-1] == pytest.approx(most, abs=1e-3)
    trainer.importance_cap = None
    plain = trainer._compute_loss(trainer.model, dict(given))
    trainer.importance_cap = 1.5
    expected = -((advantages[:, None] * mask).sum(1) / mask.sum(1)).mean()
    assert plain.item() == pytest.approx(expected.item(), abs=1e-4)


def test_gradients_carry_the_weights(trainer: Any, batch: dict[str, Any]) -> None:
    """An answer that the learner gives half as often as the sampler moves it half as far."""
    learner = learner_logps(trainer, batch)
    parameter = next(p for p in trainer.model.parameters() if p.requires_grad)

    def gradient(shift: float) -> torch.Tensor:
        sampler = learner + shift
        given = batch | {"sampling_per_token_logps": sampler, "advantages": torch.ones(8)}
        trainer.model.zero_grad()
        trainer._compute_loss(trainer.model, given).backward()
        found: torch.Tensor = parameter.grad.clone()
        return found

    torch.testing.assert_close(gradient(math.log(2)), gradient(0.0) / 2, rtol=1e-3, atol=1e-7)


def test_vllm_is_corrected_in_the_same_way(trainer: Any) -> None:
    run = Run("joppo", JoppoConfig(bf16=False), Store("."), "v1", "", Path("run"))
    arguments = joppo_arguments(run, JoppoConfig(bf16=False, launch={"cpu": True}), 1, [1.0] * 3)
    assert arguments.vllm_importance_sampling_correction
    assert arguments.vllm_importance_sampling_mode == "token_truncate"
    assert arguments.vllm_importance_sampling_clip_max == 2.0
