"""JoPPO: the SFT adapter and the preferences of a snapshot -> a judge that agrees with people."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import NEW, JoppoConfig
from joppo.training.models.base_model import (
    adapter_base,
    load_adapted,
    load_base,
    load_processor,
    lora_config,
    read_lineage,
    resolve_base,
)
from joppo.training.runs.run_folder import Run
from joppo.training.runs.samples import SampleLog
from joppo.training.trainer.arguments import joppo_arguments
from joppo.training.trainer.examples import held_out_rows, preference_dataset, training_rows
from joppo.training.trainer.held_out import HeldOut, pick
from joppo.training.trainer.judge_rewards import JudgeRewards
from joppo.training.trainer.preflight import check
from joppo.training.trainer.preflight.batch import config_problems
from joppo.training.trainer.preflight.reward import reward_problems
from joppo.training.trainer.readings import read_preference
from joppo.training.trainer.session import Session, train


def train_joppo(run: Run) -> None:
    """Train, from the last good checkpoint if there is one, and write the model folder.

    An adapter that is continued is copied by trl as the KL reference; the reference of a new one is
    the base.

    Raises:
        PreflightError, SnapshotError: before any work, with the remedy.
    """
    config = run.config
    assert isinstance(config, JoppoConfig)
    rows = training_rows(run)
    check([*config_problems(config, rows), *reward_problems(config, rows)])
    rows_held_out = pick(held_out_rows(run), config.eval_rows)
    start = starting_point(config)
    processor = load_processor(start.model, config.max_pixels)
    rubric = load_rubric(config.rubric)
    rewards = JudgeRewards(config, rubric.names)

    held_out = HeldOut(
        rows_held_out,
        run.store,
        processor,
        prompt=lambda row: row["prompt"],
        read=lambda row, text: read_preference(row, text, rubric.names),
        max_new_tokens=config.max_completion_length,
        batch=config.eval_batch,
    )

    def make_trainer(world: int) -> Any:
        from joppo.training.trainer.trainers import JoppoTrainer

        trainer = JoppoTrainer(
            model=start.load(config),
            peft_config=start.lora,
            reward_funcs=rewards.functions,
            args=joppo_arguments(run, config, world, rewards.weights),
            train_dataset=preference_dataset(rows, run.store),
            processing_class=processor,
        )
        trainer.sample_as(config)
        trainer.sample_log = SampleLog(run.store, run.id, config.sample_steps)
        return trainer

    train(Session(run, start.base, processor, make_trainer, held_out, rubric))


@dataclass(frozen=True)
class Start:
    """The weights that JoPPO starts from: an SFT adapter, or a base that gets a new one."""

    model: str
    """folder or hub id that is loaded"""
    base: str
    """name of the base judge, as configs name it"""
    lora: Any = None
    """peft config of a new adapter"""

    def load(self, config: JoppoConfig) -> Any:
        """The model: with its adapter trainable, or bare where trl is to add a new one."""
        if self.lora is not None:
            return load_base(self.model, config)
        return load_adapted(Path(self.model), config, trainable=True)


def starting_point(config: JoppoConfig) -> Start:
    """The weights that a config starts from."""
    if config.adapter == NEW:
        return Start(resolve_base(config.base), config.base, lora_config(config.lora))
    return Start(config.adapter, base_name(Path(config.adapter)))


def base_name(adapter: Path) -> str:
    """The base judge's name in the adapter's `run.json`, or without one its folder or hub id."""
    about = read_lineage(adapter)
    return str(about["base"]) if about else adapter_base(adapter)
