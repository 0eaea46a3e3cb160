"""What a run would take, before anything is paid: requests, tokens, dollars, hours, files.

for row in plan_cost(teachers, Workload(photos=35_000, requests={"gpt": 35_000})): ...
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from joppo.data.questions.template_pool import template_pool
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.reasoning.teacher_requests import routes_for
from joppo.data.teachers.base import TeacherRequest
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from joppo.data.teachers.pricing import cost_usd, expected_tokens, image_tokens, price_of
from joppo.data.teachers.providers import PROVIDERS, traits_of

# Width : height assumed of a photo where only its long side is known.
_ASPECT = 1.5
# An answer lies in the journal and in the tables; tables are compressed.
_BYTES_PER_ANSWER = 2_500
_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Workload:
    """The size of a run.

    `requests` counts them by teacher name (see `requests_by_teacher`). `prompt_chars` and
    `photos_per_request` are means (see `measure_prompts`); `answer_s` is the mean time of one
    answer in seconds; bytes are means of one file.
    """

    photos: int
    synthetic: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    prompt_chars: float = 3_000.0
    photos_per_request: float = 1.0
    answer_tokens: float = 250.0
    answer_s: float = 8.0
    photo_bytes: int = 350_000
    synthetic_bytes: int = 450_000
    control_maps: int = 2
    control_bytes: int = 60_000


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line of the plan; columns that do not apply are 0.

    `hours` is the time at the teacher's rate limits or concurrency, whichever is slower. In the
    last line it is the largest, because teachers work side by side; every other column adds up.
    """

    item: str
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    hours: float = 0.0
    images: int = 0
    disk_gb: float = 0.0

    def as_row(self) -> dict[str, str | int | float]:
        """Column name -> value, for a table."""
        return {column.name: getattr(self, column.name) for column in fields(self)}


def plan_cost(teachers: TeachersConfig | None, workload: Workload) -> list[PlanRow]:
    """One line per teacher and per kind of file, then the total.

    Raises:
        UnknownPriceError: a teacher has no price. KeyError: `requests` names an unknown teacher.
    """
    rows = [
        _teacher_row(_teacher(name, teachers), count, workload)
        for name, count in workload.requests.items()
    ]
    maps = workload.photos * workload.control_maps if workload.synthetic else 0
    rows += [
        _file_row("photos", workload.photos, workload.photo_bytes),
        _file_row("control maps", maps, workload.control_bytes),
        _file_row("synthetic photos", workload.synthetic, workload.synthetic_bytes),
        PlanRow("answers", disk_gb=_BYTES_PER_ANSWER * sum(workload.requests.values()) / 1e9),
    ]
    return [*rows, _total(rows)]


def requests_by_teacher(
    config: ReasoningConfig, teachers: TeachersConfig | None, photos: int
) -> dict[str, int]:
    """Expected requests of that many photos, by teacher name, from the routes and their weights.

    The routes of a sample of made-up image ids are counted. A photo whose label answers too few
    templates leads to fewer requests, so this is an upper estimate.

    Raises:
        ValueError: a route leads to a teacher that is not configured.
    """
    config = config.with_teachers(teachers)
    share: dict[str, float] = {}
    templates = template_pool(config.templates)
    for task, questions in config.templates_per_image.items():
        usable = [t for t in templates if t.task == task and t.form in config.forms]
        if task not in config.tasks or not usable:
            continue
        for index in range(_SAMPLE):
            template = usable[index % len(usable)]
            for route in routes_for(template.id, f"plan {index}", config):
                # An offline teacher needs no config: its provider stands for its name.
                name = route.teacher or route.provider
                share[name] = share.get(name, 0.0) + questions / _SAMPLE
    return {name: round(each * photos) for name, each in sorted(share.items())}


def measure_prompts(requests: Iterable[TeacherRequest]) -> tuple[float, float]:
    """Mean characters of text and mean photos of a sample of requests."""
    sizes = [(len(r.prompt) + len(r.system or ""), len(r.images)) for r in requests]
    if not sizes:
        raise ValueError("no request to measure: the sample of photos leads to no question")
    chars, photos = zip(*sizes, strict=True)
    return sum(chars) / len(sizes), sum(photos) / len(sizes)


def _teacher(name: str, teachers: TeachersConfig | None) -> ProviderConfig:
    """The teacher of that name; an offline one without config is named by its provider."""
    configured = {one.name: one for one in teachers.providers} if teachers else {}
    if name in configured:
        return configured[name]
    if (":" in name or name in PROVIDERS.built_in) and traits_of(name).offline:
        return ProviderConfig(name=name, provider=name, model=name)
    raise KeyError(f"no teacher {name!r}; known: {sorted(configured)}")


def _teacher_row(config: ProviderConfig, count: int, workload: Workload) -> PlanRow:
    price = price_of(config)
    if traits_of(config.provider).offline:
        return PlanRow(config.name, requests=count)
    photo = image_tokens(price.image, config.image_size, round(config.image_size / _ASPECT))
    each = expected_tokens(workload.prompt_chars, photo * workload.photos_per_request)
    prompt = math.ceil(each * count)
    completion = math.ceil(min(workload.answer_tokens, config.max_tokens) * count)
    minutes = [count * workload.answer_s / 60 / config.concurrency]
    if config.requests_per_minute:
        minutes.append(count / config.requests_per_minute)
    if config.tokens_per_minute:
        minutes.append((prompt + completion) / config.tokens_per_minute)
    return PlanRow(
        item=config.name,
        requests=count,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost_usd=cost_usd(price, prompt, completion),
        hours=max(minutes) / 60,
    )


def _file_row(item: str, images: int, size: int) -> PlanRow:
    return PlanRow(item, images=images, disk_gb=images * size / 1e9)


def _total(rows: list[PlanRow]) -> PlanRow:
    return PlanRow(
        item="total",
        requests=sum(row.requests for row in rows),
        prompt_tokens=sum(row.prompt_tokens for row in rows),
        completion_tokens=sum(row.completion_tokens for row in rows),
        cost_usd=sum(row.cost_usd for row in rows),
        hours=max((row.hours for row in rows), default=0.0),
        images=sum(row.images for row in rows),
        disk_gb=sum(row.disk_gb for row in rows),
    )
