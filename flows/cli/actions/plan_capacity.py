"""`joppo plan --profile`: what the whole recipe of a profile takes, and where engines end."""

from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import ConfigError, load_config, merged, read_values, validated
from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.page import tables, write_tables
from joppo.training.capacity.plan import Plan, make_plan
from joppo.training.capacity.recipe import Recipe, Variant
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.evaluation.config import EvaluateConfig
from joppo.training.judges.config import EndpointJudgeConfig
from joppo.training.reproduction.config import ReproduceConfig, VariantConfig

NO_ASSUMPTIONS = "no such file; it holds keys of capacity.yaml"

CONFIGS = Path("configs")


def show_capacity(
    profile: str, photos: int | None, assume: Path | None, page: Path | None = None
) -> None:
    """Print the tables: drawn in a terminal, Markdown elsewhere; with `page`, put them there.

    Raises:
        ConfigError: a config is missing or wrong, or the page has no place for a table.
        CapacityError, UnknownPriceError: the plan cannot be made; the message says what is missing.
    """
    capacity = capacity_tables(CONFIGS / profile, photos, assume)
    if page is not None:
        try:
            write_tables(capacity, page)
        except (FileNotFoundError, ValueError) as error:
            raise ConfigError(f"{page}: {error}") from None
        return
    console, text = Console(), "\n".join(capacity.values())
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        console.out(text, highlight=False)


def capacity_tables(
    profile: Path, photos: int | None = None, assume: Path | None = None
) -> dict[str, str]:
    """Name -> Markdown of each table for the configs of a folder.

    Args:
        photos: with a composition label; by default those of the dataset.
        assume: a YAML with values in place of those of the folder's `capacity.yaml`.
    """
    config = capacity_config(profile, assume)
    return tables(read_recipe(profile), config, photos)


def capacity_plan(profile: Path, photos: int) -> Plan:
    """The plan for the configs of a folder and so many photos with a composition label."""
    return make_plan(read_recipe(profile), capacity_config(profile), photos)


def capacity_config(profile: Path, assume: Path | None = None) -> CapacityConfig:
    """The values of a folder's `capacity.yaml`; see `capacity_tables`."""
    if not profile.is_dir():
        profiles = sorted(path.parent.name for path in profile.parent.glob("*/capacity.yaml"))
        there = ", ".join(profiles) or "none here: run this in a clone of the repository"
        raise ConfigError(f"{profile}: no such profile; with a capacity.yaml there are: {there}")
    config = load_config(CapacityConfig, profile / "capacity.yaml")
    if assume is not None:
        # An assumption is replaced whole, lest a new value keep the old one's source.
        values = merged(
            config.model_dump(),
            read_values(assume, NO_ASSUMPTIONS),
            is_whole=lambda mapping: "value" in mapping,
        )
        config = validated(CapacityConfig, values, assume)
    return config


def read_recipe(profile: Path) -> Recipe:
    """The configs of a folder.

    Raises:
        ConfigError: one is missing or wrong.
    """
    build = load_config(BuildSftDataConfig, profile / "build-sft-data.yaml")
    section = build.synthesis
    experiment = load_config(ReproduceConfig, profile / "reproduce-paper.yaml")
    evaluate = load_config(EvaluateConfig, profile / "evaluate-judge.yaml")
    return Recipe(
        splits=build.ingest.split,
        shard_size=build.shard_size,
        reasoning=build.reasoning.with_teachers(build.teachers),
        teachers=build.teachers,
        plan=section.plan if section else None,
        synthesis_shard_size=section.shard_size if section else build.shard_size,
        depth_model=section is not None and section.control.depth_model is not None,
        sft=load_config(SftConfig, profile / "train-sft.yaml"),
        variants=tuple(_variant(one, profile) for one in experiment.variants),
        full=experiment.full,
        seeds=len(experiment.seeds),
        sets=experiment.sets,
        endpoints=tuple(
            one.teacher for one in evaluate.judges if isinstance(one, EndpointJudgeConfig)
        ),
    )


def _variant(one: VariantConfig, profile: Path) -> Variant:
    joppo = None
    if one.joppo is not None:
        joppo = load_config(JoppoConfig, profile / "train-joppo.yaml", one.joppo)
    return Variant(one.name, one.start, joppo)
