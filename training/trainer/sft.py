"""SFT: a base judge and the conversations of a snapshot -> a LoRA adapter."""

from typing import Any

from joppo.training.config import SftConfig
from joppo.training.models.base_model import load_base, load_processor, lora_config, resolve_base
from joppo.training.models.rubric_check import rubric_of_snapshot
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.arguments import sft_arguments
from joppo.training.trainer.examples import (
    held_out_rows,
    score_prompts,
    sft_dataset,
    training_rows,
)
from joppo.training.trainer.held_out import HeldOut, pick
from joppo.training.trainer.preflight import check
from joppo.training.trainer.preflight.batch import config_problems
from joppo.training.trainer.readings import read_taught
from joppo.training.trainer.session import Session, train


def train_sft(run: Run) -> None:
    """Train, from the last good checkpoint if there is one, and write the model folder.

    Raises:
        PreflightError, SnapshotError: before any work, with the remedy.
    """
    config = run.config
    assert isinstance(config, SftConfig)
    rows = training_rows(run)
    check(config_problems(config, rows))
    rows_held_out = pick(held_out_rows(run), config.eval_rows)
    base = resolve_base(config.base)
    processor = load_processor(base, config.max_pixels)

    held_out = HeldOut(
        rows_held_out,
        run.store,
        processor,
        prompt=lambda row: row["messages"][0]["content"],
        read=read_taught,
        max_new_tokens=config.max_completion_length,
        batch=config.eval_batch,
    )

    def make_trainer(world: int) -> Any:
        from joppo.training.trainer.trainers import JudgeSFTTrainer

        return JudgeSFTTrainer(
            model=load_base(base, config),
            args=sft_arguments(run, config, world),
            train_dataset=sft_dataset(rows, run.store),
            processing_class=processor,
            peft_config=lora_config(config.lora),
        )

    rubric = rubric_of_snapshot(score_prompts(run.store, run.snapshot))
    train(Session(run, config.base, processor, make_trainer, held_out, rubric))
