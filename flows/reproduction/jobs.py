"""What the steps of reproduce-paper share, and the config of each training that they need."""

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


@dataclass(frozen=True)
class Job:
    """One training: the run it makes, and the child that makes it."""

    variant: str
    seed: int
    run: Run
    child: Child


@dataclass(frozen=True)
class Bench:
    """A reproduction in one store; `base` is the folder of its config."""

    config: ReproduceConfig
    base: Path
    root: str

    @property
    def timeout_s(self) -> float:
        return 3600 * self.config.timeout_h

    def place(self, name: str) -> str:
        """A path of the config, as seen from the working directory."""
        return str(self.base / name)

    def check(self) -> None:
        """Read every config before any work.

        Raises:
            ConfigError: naming file, key and problem.
        """
        load_config(BuildSftDataConfig, self.place(self.config.build))
        self.sft_config()
        for variant in self.config.variants:
            if variant.joppo is not None:
                values = self._joppo_values(variant, 0, "checked", "checked")
                load_config(JoppoConfig, self.place(self.config.joppo), values)
        self.evaluation(["embedded"], "checked")

    def sft_config(self) -> SftConfig:
        """The SFT config of all seeds."""
        return load_config(SftConfig, self.place(self.config.sft), self.config.sft_values)

    def sft_job(self, seed: int, snapshot: str) -> Job:
        """The SFT of a seed."""
        name = self.config.sft
        values = {**self.config.sft_values, "seed": seed, "snapshot": snapshot}
        config = load_config(SftConfig, self.place(name), values)
        return self._job("sft", seed, "train-sft", name, config, values)

    def joppo_job(self, variant: VariantConfig, seed: int, snapshot: str, start: str) -> Job:
        """The JoPPO run of a variant and seed; `start` is the judge it begins from."""
        name, values = self.config.joppo, self._joppo_values(variant, seed, snapshot, start)
        config = load_config(JoppoConfig, self.place(name), values)
        return self._job(variant.name, seed, "train-joppo", name, config, values)

    def evaluation(self, judges: list[str], snapshot: str) -> EvaluateConfig:
        """How judges are asked: the evaluation config with these judges and this run's sets."""
        values = self.evaluation_values(judges, snapshot)
        return load_config(EvaluateConfig, self.place(self.config.evaluate), values)

    def evaluation_values(self, judges: list[str], snapshot: str) -> dict[str, Any]:
        """The values that replace those of the evaluation config."""
        sets = [
            one.model_copy(update={"snapshot": snapshot} if one.snapshot == BUILT else {})
            for one in self.config.sets
        ]
        told = [one.model_dump(mode="json", exclude_defaults=True) for one in sets]
        values: dict[str, Any] = {"judges": judges, "sets": told}
        if self.config.samples is not None:
            values["samples"] = self.config.samples
        return values

    def _joppo_values(
        self, variant: VariantConfig, seed: int, snapshot: str, start: str
    ) -> dict[str, Any]:
        told = merged(self.config.joppo_values, variant.joppo or {})
        values = {"seed": seed, "snapshot": snapshot, **told}
        if variant.start == "sft":
            return values | {"adapter": start}
        sft = self.sft_config()
        return values | {"adapter": NEW, "base": start, "lora": sft.lora.model_dump(mode="json")}

    def _job(
        self,
        variant: str,
        seed: int,
        deployment: str,
        name: str,
        config: SftConfig | JoppoConfig,
        values: dict[str, Any],
    ) -> Job:
        parameters = {"config": self.place(name), "store": self.root, "overrides": values}
        child = Child(deployment, parameters, f"{variant}, seed {seed}")
        return Job(variant, seed, prepare(config, Store(self.root)), child)
