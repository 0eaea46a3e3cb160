"""Where each engine reaches its limit, which facts say so, and what replaces it then."""

from collections.abc import Callable
from dataclasses import dataclass

from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.plan import Plan

_HOUR, _DAY = 3600.0, 24.0
_MOST = 10**12
"""photos beyond which a limit counts as never reached"""


@dataclass(frozen=True)
class Engine:
    """Something that carries the load of a plan up to a limit; both are numbers in `unit`."""

    name: str
    load_is: str
    unit: str
    load: Callable[[Plan], float]
    limit: Callable[[CapacityConfig], float]
    facts: tuple[str, ...]
    """the config's values behind load and limit"""
    replacement: str


def _server(plan: Plan) -> float:
    return plan.counts.task_runs


def _writes(plan: Plan) -> float:
    """Photos a second that the workers ingest: a write each, spread over 256 prefixes."""
    c = plan.config.cpus
    return c.workers / c.ingest_s.value if c.ingest_s.value else 0.0


def _plan_memory(plan: Plan) -> float:
    return plan.counts.read * plan.config.engines.plan_memory.value / 1e9


def _text_memory(plan: Plan) -> float:
    return plan.counts.texts * plan.config.engines.deduplicate_memory.value / 1e9


def _publish(plan: Plan) -> float:
    return plan.counts.texts * plan.config.cpus.publish_s.value / _HOUR


def _journal(plan: Plan) -> float:
    return plan.counts.texts * plan.config.engines.journal_s.value / _HOUR


def _teachers(plan: Plan) -> float:
    return max((row.hours for row in plan.of("reasoning")), default=0.0) / _DAY


def _gpus(plan: Plan) -> float:
    rows = [row for row in plan.stages if row.gpu_hours]
    return sum(row.hours for row in rows if row.step != "reasoning") / _DAY


ENGINES = (
    Engine(
        name="Prefect server on SQLite",
        load_is="task runs of one build",
        unit="runs",
        load=_server,
        limit=lambda c: c.engines.task_runs.value,
        facts=(
            "engines.task_runs",
            "engines.server_cpu_s",
            "engines.server_bytes",
            "engines.shard_fill",
        ),
        replacement=(
            "larger shards (`shard_size` up to 4,096) first; then PostgreSQL, and several servers"
            " with Redis"
        ),
    ),
    Engine(
        name="object store, requests",
        load_is="writes per second at this number of workers",
        unit="per s",
        load=_writes,
        limit=lambda c: c.engines.puts_per_s.value,
        facts=("engines.puts_per_s", "cpus.ingest_s"),
        replacement=(
            "nothing: photos lie under 256 prefixes, each of which the store can split off"
        ),
    ),
    Engine(
        name="one disk",
        load_is="photos, maps, tables, models",
        unit="GB",
        load=lambda p: p.disk_gb,
        limit=lambda c: c.engines.disk_bytes.value / 1e9,
        facts=("engines.disk_bytes",),
        replacement="an object store: `JOPPO_STORE=s3://bucket/prefix`",
    ),
    Engine(
        name="plan task, memory",
        load_is="all photos and attempts in one process",
        unit="GB",
        load=_plan_memory,
        limit=lambda c: c.engines.process_memory.value / 1e9,
        facts=("engines.plan_memory", "engines.process_memory"),
        replacement="the plan as SQL over the shards, category by category",
    ),
    Engine(
        name="deduplicate task, memory",
        load_is="signatures of all texts in one process",
        unit="GB",
        load=_text_memory,
        limit=lambda c: c.engines.process_memory.value / 1e9,
        facts=("engines.deduplicate_memory", "engines.process_memory"),
        replacement="MinHash bands as shards: one task per band over sorted buckets",
    ),
    Engine(
        name="DuckDB snapshot, building",
        load_is="one process writes one file",
        unit="h",
        load=_publish,
        limit=lambda c: c.engines.publish_hours.value,
        facts=("cpus.publish_s", "engines.publish_hours"),
        replacement=(
            "DuckDB views over the Parquet shards in the store (`read_parquet`), or a table "
            "format such as DuckLake; the manifest stays"
        ),
    ),
    Engine(
        name="teachers' journal (SQLite)",
        load_is="a rerun that finds every answer",
        unit="h",
        load=_journal,
        limit=lambda c: c.engines.journal_hours.value,
        facts=("engines.journal_s", "engines.journal_hours"),
        replacement="a journal per block of shards; its key is a content hash already",
    ),
    Engine(
        name="hosted teachers",
        load_is="days at their rate limits",
        unit="days",
        load=_teachers,
        limit=lambda c: c.engines.teacher_days.value,
        facts=("texts.teacher_s", "engines.teacher_days"),
        replacement=(
            "higher limits, the providers' batch interfaces, a larger share for the served teacher"
        ),
    ),
    Engine(
        name="GPU pool on one machine",
        load_is="days of synthesis, training, evaluation",
        unit="days",
        load=_gpus,
        limit=lambda c: c.engines.gpu_days.value,
        facts=("gpus.image_s", "gpus.joppo_completion_s", "engines.gpu_days"),
        replacement=(
            "a Kubernetes work pool for the trainings, Ray (`JOPPO_RUNNER=ray`) for the shards; "
            "`max_steps` where a training need not see all photos"
        ),
    ),
)


@dataclass(frozen=True)
class Reach:
    """An engine's load at one size, and the size at which it reaches its limit."""

    engine: Engine
    load: float
    limit: float
    photos: int | None
    """smallest number of photos beyond the limit, to a thousandth; None where there is none"""


def reach(plan_of: Callable[[int], Plan], photos: int) -> list[Reach]:
    """Every engine, with the load of a plan for `photos` photos.

    Args:
        plan_of: the plan for a number of photos; loads must not fall as it rises.
    """
    plan = plan_of(photos)
    found = []
    for engine in ENGINES:
        limit = engine.limit(plan.config)
        found.append(Reach(engine, engine.load(plan), limit, _first(engine, limit, plan_of)))
    return found


def _first(engine: Engine, limit: float, plan_of: Callable[[int], Plan]) -> int | None:
    """Bisection for the first number of photos whose load is above the limit, to a thousandth."""
    if engine.load(plan_of(_MOST)) <= limit:
        return None
    low, high = 0, _MOST
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        if engine.load(plan_of(middle)) > limit:
            high = middle
        else:
            low = middle
    return high
