"""The experiment of reproduce-paper: its configs, and each training that it needs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joppo.data.store.store import Store
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import load_config, merged
from joppo.flows.submit import Child
from joppo.training.config import NEW, JoppoConfig, SftConfig
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.reproduction.config import BUILT, ReproduceConfig, VariantConfig
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.prepare import prepare

_CHECKED = "checked"
"""stands for a snapshot and a judge that do not exist yet"""


@dataclass(frozen=True)
class Training:
    """One training: the run that it makes, and the child that makes it."""

    variant: str
    seed: int
    run: Run
    child: Child


@dataclass(frozen=True)
class Experiment:
    """A reproduction in one store.

    Args:
        folder: that of the config, from which its paths start.
        root: of the store.
    """

    config: ReproduceConfig
    folder: Path
    root: str

    @property
    def timeout_s(self) -> float:
        """Seconds for all trainings together, and again for all evaluations."""
        return 3600 * self.config.timeout_h

    def path(self, name: str) -> str:
        """A path of the config, as seen from the working directory."""
        return str(self.folder / name)

    def check(self) -> None:
        """Read every config before any work.

        Raises:
            ConfigError: naming file, key and problem.
        """
        load_config(BuildSftDataConfig, self.path(self.config.build))
        self.sft_config()
        for variant in self.config.variants:
            if variant.joppo is not None:
                values = self._joppo_values(variant, 0, _CHECKED, _CHECKED)
                load_config(JoppoConfig, self.path(self.config.joppo), values)
        self.evaluation(["embedded"], _CHECKED)

    def sft_config(self) -> SftConfig:
        """The SFT config of all seeds."""
        return load_config(SftConfig, self.path(self.config.sft), self.config.sft_values)

    def sft(self, seed: int, snapshot: str) -> Training:
        """The SFT of a seed."""
        name = self.config.sft
        values = {**self.config.sft_values, "seed": seed, "snapshot": snapshot}
        config = load_config(SftConfig, self.path(name), values)
        child = self._child("train-sft", name, values, f"sft, seed {seed}")
        return Training("sft", seed, prepare(config, Store(self.root)), child)

    def joppo(self, variant: VariantConfig, seed: int, snapshot: str, start: str) -> Training:
        """The JoPPO run of a variant and seed; `start` is the judge that it begins from."""
        name, values = self.config.joppo, self._joppo_values(variant, seed, snapshot, start)
        config = load_config(JoppoConfig, self.path(name), values)
        child = self._child("train-joppo", name, values, f"{variant.name}, seed {seed}")
        return Training(variant.name, seed, prepare(config, Store(self.root)), child)

    def evaluation(self, judges: list[str], snapshot: str) -> EvaluateConfig:
        """How judges are asked: the evaluation config with these judges and this run's sets."""
        values = self.evaluation_values(judges, snapshot)
        return load_config(EvaluateConfig, self.path(self.config.evaluate), values)

    def evaluation_values(self, judges: list[str], snapshot: str) -> dict[str, Any]:
        """The values that replace those of the evaluation config."""
        sets = [
            one.model_copy(update={"snapshot": snapshot}) if one.snapshot == BUILT else one
            for one in self.config.sets
        ]
        sft = self.sft_config()
        joppo = load_config(JoppoConfig, self.path(self.config.joppo), self.config.joppo_values)
        # Base judges know of neither, and are asked as those that are trained from them.
        own = {"rubric": joppo.as_dict()["rubric"], "local": {"max_pixels": sft.max_pixels}}
        values: dict[str, Any] = {
            "judges": judges,
            **own,
            "sets": [one.model_dump(mode="json", exclude_defaults=True) for one in sets],
        }
        if self.config.samples is not None:
            values["samples"] = self.config.samples
        return values

    def _joppo_values(
        self, variant: VariantConfig, seed: int, snapshot: str, start: str
    ) -> dict[str, Any]:
        configured = merged(self.config.joppo_values, variant.joppo or {})
        values = {"seed": seed, "snapshot": snapshot, **configured}
        if variant.start == "sft":
            return values | {"adapter": start}
        sft = self.sft_config()
        return values | {"adapter": NEW, "base": start, "lora": sft.lora.model_dump(mode="json")}

    def _child(self, deployment: str, name: str, values: dict[str, Any], title: str) -> Child:
        parameters = {"config": self.path(name), "store": self.root, "overrides": values}
        return Child(deployment, parameters, title)
