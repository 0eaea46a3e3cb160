"""The tables of a plan, as text: what `joppo plan --profile` prints and docs/capacity.md shows."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from joppo.data.store.write_aside import write_aside
from joppo.training.capacity.config import CapacityConfig, Value
from joppo.training.capacity.engines import reach
from joppo.training.capacity.growth import SIZES, growth
from joppo.training.capacity.plan import Plan, make_plan
from joppo.training.capacity.recipe import Recipe
from joppo.training.evaluation.report import markdown
from joppo.training.evaluation.text_table import TextTable

_TRUTH = ("measured", "documented", "dataset")
_NEVER = "with no number of photos"


def tables(recipe: Recipe, config: CapacityConfig, photos: int | None = None) -> dict[str, str]:
    """Name -> Markdown of each table: stages, growth, engines, values.

    Raises:
        CapacityError, UnknownPriceError: see `make_plan`.
    """

    @cache
    def plan_of(number: int) -> Plan:
        return make_plan(recipe, config, number)

    here = make_plan(recipe, config, photos)
    by_name = {
        "stages": stages_table(here),
        "growth": growth_table(plan_of),
        "engines": engines_table(plan_of, 1_000_000),
        "values": values_table(config),
    }
    return {name: markdown(table) for name, table in by_name.items()}


def stages_table(plan: Plan) -> TextTable:
    """What each stage takes, and the total."""
    config = plan.config
    lines = [
        (
            row.stage,
            f"{number(row.items)} {row.unit}",
            number(row.gpu_hours),
            str(row.gpus) if row.gpu_hours else "",
            number(row.api_usd),
            number(row.disk_gb),
            number(row.hours),
            standing(row.basis, config),
        )
        for row in plan.stages
    ]
    total = (
        "total",
        "",
        number(plan.gpu_hours),
        "",
        number(plan.api_usd),
        number(plan.disk_gb),
        number(plan.hours),
        "",
    )
    header = ("stage", "items", "GPU h", "GPUs", "API USD", "disk GB", "wall h", "rests on")
    price = config.gpus.usd_per_hour.value
    note = (
        f"GPU hours are those of {config.gpus.name}; at {price:g} USD each "
        f"they cost {number(plan.gpu_usd)} USD. Steps follow each other; rows of one step (the "
        "teachers; the judges of an evaluation) run side by side, and the slowest counts. "
        f"Every training is done with {plan.recipe.seeds} seeds. API prices are those of the "
        "teachers' configs and of data/teachers/prices.yaml."
    )
    title = f"The recipe for {plan.counts.photos:,} photos"
    return TextTable(title, header, [*lines, total], note)


def growth_table(plan_of: Callable[[int], Plan]) -> TextTable:
    """Quantities over sizes."""
    found = growth([plan_of(size) for size in SIZES])
    header = ("", *(f"{size:,} photos" for size in SIZES), "grows")
    lines = [(one.name, *map(number, one.values), one.law) for one in found]
    return TextTable("How it grows", header, lines)


def engines_table(plan_of: Callable[[int], Plan], photos: int) -> TextTable:
    """Engines, their limits, and where they are reached."""
    lines = []
    for one in reach(plan_of, photos):
        engine = one.engine
        lines.append(
            (
                engine.name,
                engine.load_is,
                f"{number(one.load)} {engine.unit}",
                f"{number(one.limit)} {engine.unit}",
                _NEVER if one.photos is None else number(float(one.photos), digits=2),
                ", ".join(f"`{fact}`" for fact in engine.facts),
                engine.replacement,
            )
        )
    header = (
        "engine",
        "load",
        f"at {photos:,} photos",
        "limit",
        "reached at photos",
        "facts",
        "then",
    )
    return TextTable("Where each engine ends", header, lines)


def values_table(config: CapacityConfig) -> TextTable:
    """Every value with unit and source."""
    lines = [
        (f"`{name}`", f"{value.value:,.10g}", unit, value.kind, value.source)
        for name, value, unit in values(config)
    ]
    header = ("value", "", "unit", "kind", "source")
    return TextTable("What it rests on", header, lines)


def values(config: BaseModel, prefix: str = "") -> Iterator[tuple[str, Value, str]]:
    """(dotted name, value, unit) of every value of a config, in its order."""
    for name, info in type(config).model_fields.items():
        held = getattr(config, name)
        entries = held if isinstance(held, Mapping) else {None: held}
        for key, one in entries.items():
            dotted = f"{prefix}{name}" + (f".{key}" if key else "")
            if isinstance(one, Value):
                yield dotted, one, info.description or _described(info.metadata)
            elif isinstance(one, BaseModel):
                yield from values(one, f"{dotted}.")


def _described(metadata: list[object]) -> str:
    """The description of an annotated field."""
    return next((str(d) for m in metadata if (d := getattr(m, "description", None))), "")


def standing(names: tuple[str, ...], config: CapacityConfig) -> str:
    """`measured`, or which of the named values are assumed."""
    kinds = {name: value.kind for name, value, _ in values(config)}
    assumed = [name for name in names if kinds[name] not in _TRUTH]
    if not assumed:
        return "measured"
    return "assumed: " + ", ".join(f"`{name}`" for name in assumed)


def number(value: float, digits: int = 3) -> str:
    """Rounded to so many significant digits, with thousands marked; 0 for less than 0.0005."""
    if value < 0.0005:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if rounded >= 10 ** (digits - 1) else f"{rounded:g}"


def write_tables(by_name: Mapping[str, str], page: Path) -> None:
    """Put fresh tables between the page's `<!-- NAME -->` and `<!-- end -->` marks.

    Raises:
        ValueError: the page has no place for one of them.
    """
    with write_aside(page) as aside:
        aside.write_text(with_tables(by_name, page.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(by_name: Mapping[str, str], text: str) -> str:
    """The page's text with fresh tables; raises ValueError as `write_tables`."""
    for name, table in by_name.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not mark.search(text):
            raise ValueError(f"the page has no place for the table {name!r}: <!-- {name} -->")
        text = mark.sub(lambda m, t=table: f"{m[1]}\n{t}\n{m[2]}", text)  # type: ignore[misc]
    return text
