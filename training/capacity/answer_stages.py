"""The stages in which models answer questions: reasoning by teachers, evaluation of judges.

A hosted teacher or judge takes money and time; a served one (`openai-compatible`) takes GPUs
instead; the offline teacher takes neither.
"""

from collections.abc import Iterable, Mapping

from joppo.data.reasoning.plan_cost import PlanRow, Workload, plan_cost
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.counts import Counts
from joppo.training.capacity.recipe import Recipe
from joppo.training.capacity.stage_row import (
    GB,
    HOUR_S,
    StageRow,
    hours_on_cpus,
    hours_on_gpus,
)

# plan_cost counts whole requests; a plan scales the cost of a million.
_PLANNED_REQUESTS = 1_000_000
_BASIS = (
    "texts.prompt_chars",
    "texts.photos_per_prompt",
    "texts.teacher_tokens",
    "texts.teacher_s",
    "disk.answer",
)


def reasoning_stages(recipe: Recipe, counts: Counts, config: CapacityConfig) -> Iterable[StageRow]:
    """Facts, prompts and checks of all photos, and beside them the answers of each teacher."""
    yield StageRow(
        "reasoning",
        "reasoning: facts and checks",
        counts.known,
        "photos",
        hours=hours_on_cpus(counts.known * config.cpus.reason_s.value, config),
        basis=("cpus.reason_s",),
    )
    providers = {one.name: one for one in recipe.teachers.providers} if recipe.teachers else {}
    tokens = config.texts.teacher_tokens.value
    for name, number in counts.requests.items():
        yield _answers("reasoning", name, number, providers, tokens, config)


def evaluation_stages(recipe: Recipe, counts: Counts, config: CapacityConfig) -> Iterable[StageRow]:
    """The answers of the judges that run on the pool, and those of each judge behind an API."""
    gpu_s, pool = counts.local_answers * config.gpus.judge_answer_s.value, config.gpus.pool
    yield StageRow(
        "evaluation",
        "evaluation: local judges",
        counts.local_answers,
        "answers",
        gpu_hours=gpu_s / HOUR_S,
        gpus=pool,
        disk_gb=counts.local_answers * config.disk.answer.value / GB,
        hours=hours_on_gpus(gpu_s, pool, config),
        basis=("gpus.judge_answer_s", "disk.answer"),
    )
    endpoints = {one.name: one for one in recipe.endpoints}
    tokens = config.texts.judge_answer_tokens.value
    for name, number in counts.endpoint_answers.items():
        yield _answers("evaluation", name, number, endpoints, tokens, config)


def _answers(
    step: str,
    name: str,
    number: float,
    providers: Mapping[str, ProviderConfig],
    tokens: float,
    config: CapacityConfig,
) -> StageRow:
    """The answers of one teacher or endpoint judge."""
    title = f"{step}: {name}"
    if name not in providers:  # the offline teacher needs no config
        return StageRow(step, title, number, "answers", basis=("disk.shard_text",))
    served = providers[name].provider == "openai-compatible"
    planned = _planned_cost(name, providers[name], tokens, config)
    gpu_s = number * config.gpus.served_answer_s.value if served else 0.0
    pool, waiting = config.gpus.pool, planned.hours * number / _PLANNED_REQUESTS
    return StageRow(
        step,
        title,
        number,
        "answers",
        gpu_hours=gpu_s / HOUR_S,
        gpus=pool if gpu_s else 0,
        api_usd=planned.cost_usd * number / _PLANNED_REQUESTS,
        disk_gb=number * config.disk.answer.value / GB,
        hours=max(waiting, hours_on_gpus(gpu_s, pool, config)),
        basis=(*_BASIS, "gpus.served_answer_s") if served else _BASIS,
    )


def _planned_cost(
    name: str, provider: ProviderConfig, tokens: float, config: CapacityConfig
) -> PlanRow:
    """What a million answers take."""
    texts = config.texts
    work = Workload(
        photos=0,
        requests={name: _PLANNED_REQUESTS},
        prompt_chars=texts.prompt_chars.value,
        photos_per_request=texts.photos_per_prompt.value,
        answer_tokens=tokens,
        answer_s=texts.teacher_s.value,
    )
    alone = provider.model_copy(update={"fallback": ()})
    return plan_cost(TeachersConfig(providers=(alone,)), work)[0]
