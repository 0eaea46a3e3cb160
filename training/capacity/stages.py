"""The stages of the recipe with what each takes: items x cost of one item.

Stages follow each other; rows of one `step` run side by side, so the slowest of them counts. A
hosted teacher or judge takes money and time; a served one (`openai-compatible`) takes GPUs instead;
the offline teacher takes neither.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from joppo.data.reasoning.plan_cost import PlanRow, Workload, plan_cost
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.counts import CapacityError, Counts, Recipe, count
from joppo.training.config import JoppoConfig

JOPPO, ABLATION = "joppo", "ablation "
"""steps of the recipe's own reinforcement learning, and how those of its ablations begin"""
_HOUR, _GB = 3600.0, 1e9
# Pixels of a visual token's side: 2 x 2 patches of 14 (Qwen2.5-VL).
_TOKEN_SIDE = 28


@dataclass(frozen=True)
class StageRow:
    """One line: what is done how often, and what it takes."""

    step: str
    """rows of one step run side by side"""
    stage: str
    items: float
    unit: str
    gpu_hours: float = 0.0
    gpus: int = 0
    api_usd: float = 0.0
    disk_gb: float = 0.0
    hours: float = 0.0
    basis: tuple[str, ...] = ()
    """the config's values that it is computed from"""


@dataclass(frozen=True)
class Plan:
    """A plan for one number of photos."""

    config: CapacityConfig
    recipe: Recipe
    counts: Counts
    stages: tuple[StageRow, ...]

    @property
    def gpu_hours(self) -> float:
        return sum(row.gpu_hours for row in self.stages)

    @property
    def gpu_usd(self) -> float:
        return self.gpu_hours * self.config.gpus.usd_per_hour.value

    @property
    def api_usd(self) -> float:
        return sum(row.api_usd for row in self.stages)

    @property
    def disk_gb(self) -> float:
        return sum(row.disk_gb for row in self.stages)

    @property
    def hours(self) -> float:
        """From start to end: steps after each other, rows of a step side by side."""
        steps = groupby(self.stages, key=lambda row: row.step)
        return sum(max(row.hours for row in rows) for _, rows in steps)

    def of(self, *steps: str) -> list[StageRow]:
        """Rows of some steps."""
        return [row for row in self.stages if row.step in steps]


def make_plan(recipe: Recipe, config: CapacityConfig, photos: int | None = None) -> Plan:
    """What the recipe takes for so many photos with a composition label; the dataset's own number
    by default.

    Raises:
        CapacityError: see `training.capacity.counts.count`; or SFT has no `max_pixels`.
        UnknownPriceError: a teacher's model has no price.
    """
    wanted = config.amounts.dataset_photos if photos is None else photos
    counts = count(recipe, config, wanted)
    rows = [
        *_data(counts, config),
        *_reasoning(recipe, counts, config),
        _publish(counts, config),
        *_training(recipe, counts, config),
        *_evaluation(recipe, counts, config),
    ]
    return Plan(config, recipe, counts, tuple(rows))


def on_gpus(seconds: float, gpus: int, config: CapacityConfig) -> float:
    """Hours of wall time of so many GPU seconds."""
    speed = gpus * (config.gpus.efficiency.value if gpus > 1 else 1.0)
    return seconds / _HOUR / speed


def _data(n: Counts, c: CapacityConfig) -> Iterable[StageRow]:
    def cpu(seconds: float) -> float:
        return seconds / _HOUR / c.cpus.workers

    yield StageRow(
        "ingest",
        "ingest",
        n.read,
        "photos",
        disk_gb=n.read * c.disk.photo.value / _GB,
        hours=cpu(n.read * c.cpus.ingest_s.value),
        basis=("cpus.ingest_s", "disk.photo"),
    )
    if not n.attempts:
        return
    maps = n.canny_maps + n.depth_maps
    gpu = n.depth_maps * c.gpus.depth_map_s.value
    yield StageRow(
        "maps",
        "control maps",
        maps,
        "maps",
        gpu / _HOUR,
        c.gpus.pool if gpu else 0,
        disk_gb=maps * c.disk.control_map.value / _GB,
        hours=cpu(n.canny_maps * c.cpus.canny_s.value + n.read * c.cpus.plan_s.value)
        + on_gpus(gpu, c.gpus.pool, c),
        basis=("cpus.canny_s", "cpus.plan_s", "gpus.depth_map_s", "disk.control_map"),
    )
    gpu = n.attempts * c.gpus.image_s.value
    yield StageRow(
        "synthesis",
        "synthesis",
        n.attempts,
        "images",
        gpu / _HOUR,
        c.gpus.pool,
        disk_gb=n.attempts * c.disk.synthetic_photo.value / _GB,
        hours=on_gpus(gpu, c.gpus.pool, c),
        basis=("gpus.image_s", "disk.synthetic_photo"),
    )
    yield StageRow(
        "gate",
        "gate",
        n.attempts,
        "images",
        hours=cpu(n.attempts * c.cpus.gate_s.value),
        basis=("cpus.gate_s",),
    )


def _reasoning(recipe: Recipe, n: Counts, c: CapacityConfig) -> Iterable[StageRow]:
    # Facts, prompts and checks of all photos are worked on while teachers answer.
    own = n.known * c.cpus.reason_s.value / _HOUR / c.cpus.workers
    yield StageRow(
        "reasoning",
        "reasoning: facts and checks",
        n.known,
        "photos",
        hours=own,
        basis=("cpus.reason_s",),
    )
    providers = recipe.teachers.providers if recipe.teachers else ()
    yield from _answers(
        "reasoning", n.requests, {p.name: p for p in providers}, c, c.texts.teacher_tokens.value
    )


def _answers(
    step: str,
    requests: Mapping[str, float],
    providers: Mapping[str, ProviderConfig],
    c: CapacityConfig,
    tokens: float,
) -> Iterable[StageRow]:
    """A row per teacher or endpoint judge."""
    texts = c.texts
    for name, number in requests.items():
        disk = number * c.disk.answer.value / _GB
        title = f"{step}: {name}"
        if name not in providers:  # the offline teacher needs no config
            yield StageRow(step, title, number, "answers", basis=("disk.shard_text",))
            continue
        served = providers[name].provider == "openai-compatible"
        whole = Workload(
            photos=0,
            requests={name: _PER_PLAN},
            prompt_chars=texts.prompt_chars.value,
            photos_per_request=texts.photos_per_prompt.value,
            answer_tokens=tokens,
            answer_s=texts.teacher_s.value,
        )
        row: PlanRow = plan_cost(TeachersConfig(providers=(_alone(providers[name]),)), whole)[0]
        gpu = number * c.gpus.served_answer_s.value if served else 0.0
        waits = row.hours * number / _PER_PLAN
        yield StageRow(
            step,
            title,
            number,
            "answers",
            gpu / _HOUR,
            c.gpus.pool if gpu else 0,
            api_usd=row.cost_usd * number / _PER_PLAN,
            disk_gb=disk,
            hours=max(waits, on_gpus(gpu, c.gpus.pool, c)),
            basis=(
                "texts.prompt_chars",
                "texts.photos_per_prompt",
                "texts.teacher_tokens",
                "texts.teacher_s",
                "disk.answer",
                *(("gpus.served_answer_s",) if served else ()),
            ),
        )


# plan_cost counts whole requests; a plan scales those of a million.
_PER_PLAN = 1_000_000


def _alone(provider: ProviderConfig) -> ProviderConfig:
    return provider.model_copy(update={"fallback": ()})


def _publish(n: Counts, c: CapacityConfig) -> StageRow:
    seconds = n.texts * (c.cpus.publish_s.value + c.cpus.deduplicate_s.value)
    size = c.disk.shard_text.value + c.disk.snapshot_text.value
    return StageRow(
        "publish",
        "deduplicate, publish",
        n.texts,
        "texts",
        disk_gb=n.texts * size / _GB,
        hours=seconds / _HOUR,
        basis=("cpus.deduplicate_s", "cpus.publish_s", "disk.shard_text", "disk.snapshot_text"),
    )


def _training(recipe: Recipe, n: Counts, c: CapacityConfig) -> Iterable[StageRow]:
    """Every variant with every seed, the recipe itself first."""
    if recipe.sft_runs:
        yield _sft(recipe, n, c)
    for variant in sorted(recipe.variants, key=lambda one: one.name != recipe.full):
        if variant.joppo is not None:
            full = variant.name == recipe.full
            yield _joppo(
                JOPPO if full else f"{ABLATION}{variant.name}",
                "JoPPO" if full else f"ablation: {variant.name}",
                variant.joppo,
                n.completions[variant.name],
                recipe.seeds,
                c,
            )


def _sft(recipe: Recipe, n: Counts, c: CapacityConfig) -> StageRow:
    """Runs after each other."""
    runs = recipe.sft_runs
    pixels = recipe.sft.max_pixels
    if pixels is None:
        raise CapacityError(
            "train-sft.yaml: max_pixels is not set, so the tokens of a photo are not known; set it"
        )
    visual = pixels / _TOKEN_SIDE**2 * c.texts.photos_per_prompt.value
    tokens = visual + c.texts.judge_prompt_tokens.value + c.texts.judge_answer_tokens.value
    gpu = runs * n.conversations * tokens / c.gpus.sft_tokens_per_s.value
    gpus = recipe.sft.launch.processes
    return StageRow(
        "sft",
        "SFT",
        runs * n.conversations,
        "conversations",
        gpu / _HOUR,
        gpus,
        disk_gb=runs * _run_disk(recipe.sft.keep_checkpoints, c),
        hours=on_gpus(gpu, gpus, c),
        basis=(
            "gpus.sft_tokens_per_s",
            "texts.photos_per_prompt",
            "texts.judge_prompt_tokens",
            "texts.judge_answer_tokens",
            "gpus.efficiency",
            "disk.checkpoint",
            "disk.adapter",
        ),
    )


def _joppo(
    step: str, stage: str, config: JoppoConfig, completions: float, runs: int, c: CapacityConfig
) -> StageRow:
    """Runs after each other; every pass over a batch after the first costs as much again, which is
    an upper estimate."""
    gpu = runs * completions * config.iterations * c.gpus.joppo_completion_s.value
    gpus = config.launch.processes
    return StageRow(
        step,
        stage,
        runs * completions,
        "completions",
        gpu / _HOUR,
        gpus,
        disk_gb=runs * _run_disk(config.keep_checkpoints, c),
        hours=on_gpus(gpu, gpus, c),
        basis=("gpus.joppo_completion_s", "gpus.efficiency", "disk.checkpoint", "disk.adapter"),
    )


def _run_disk(checkpoints: int, c: CapacityConfig) -> float:
    return (checkpoints * c.disk.checkpoint.value + c.disk.adapter.value) / _GB


def _evaluation(recipe: Recipe, n: Counts, c: CapacityConfig) -> Iterable[StageRow]:
    gpu = n.local_answers * c.gpus.judge_answer_s.value
    yield StageRow(
        "evaluation",
        "evaluation: local judges",
        n.local_answers,
        "answers",
        gpu / _HOUR,
        c.gpus.pool,
        disk_gb=n.local_answers * c.disk.answer.value / _GB,
        hours=on_gpus(gpu, c.gpus.pool, c),
        basis=("gpus.judge_answer_s", "disk.answer"),
    )
    endpoints = {one.name: one for one in recipe.endpoints}
    yield from _answers(
        "evaluation", n.endpoint_answers, endpoints, c, c.texts.judge_answer_tokens.value
    )
