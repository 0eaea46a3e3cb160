"""Every field of every config: changed alone, the key is the same exactly if it is operational."""

import types
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import joppo
from joppo.data.config import StageConfig, is_operational
from joppo.data.questions.template_pool import load_templates
from joppo.data.synthesis.config import SynthesisConfig, synthesis_key
from joppo.data.synthesis.prompt_pool import load_pool
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.runs.run_folder import run_id

PARTS = ("data", "training", "tasks", "flows")


def config_classes() -> list[type[StageConfig]]:
    """All config classes of the package, by name."""
    root = Path(joppo.__file__).parent
    for part in PARTS:
        for path in (root / part).rglob("*.py"):
            if "StageConfig" in path.read_text(encoding="utf-8"):
                module = ".".join(path.relative_to(root).with_suffix("").parts)
                import_module(f"joppo.{module.removesuffix('.__init__')}")
    found = set(_below(StageConfig))
    return sorted((one for one in found if one.__module__.startswith("joppo.")), key=_name)


def _below(kind: type[StageConfig]) -> Iterator[type[StageConfig]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


CLASSES = config_classes()

# Values of fields whose type does not say which are valid.
NAMED: dict[str, tuple[Any, ...]] = {
    "rubric": ("photography", load_rubric().model_copy(update={"name": "mine"})),
    "ProviderConfig.provider": ("openai", "gemini"),
    "ProviderConfig.base_url": ("http://a/v1", "http://b/v1"),
    "ProviderConfig.api_key_env": ("ONE_KEY", "OTHER_KEY"),
    "SourceConfig.kind": ("picd", "cadb"),
    "CustomJudgeConfig.kind": ("decimal:Decimal", "fractions:Fraction"),
    "JoppoConfig.reward": ("joppo", "thurstone"),
    "SynthesisConfig.model": ("tiny-diffusion", "org/one", "org/one@v2"),
    "SynthesisConfig.controlnets": ({"canny": "org/one"}, {"canny": "org/one@v2"}),
    "ReasonStage.teachers": (None, {"one": {}}),
    "Rubric.attributes": ({"light": "how bright"}, {"light": "how soft"}),
    "ReasoningConfig.templates": ([load_templates()[0].model_copy(update={"id": "own"})],),
    "Value.kind": ("assumed", "dataset"),
    "Above.kind": ("assumed", "dataset"),
    "Share.kind": ("assumed", "dataset"),
    "scale": ([1, 5], [1, 10]),
}
# Configs of classes whose fields have to agree with each other.
SCENES: dict[str, Any] = {"name": "scenes", "scenes": {}}
WHOLE: dict[str, Any] = {
    "Template": load_templates()[0],
    "PromptPool": load_pool(),
    "SourceConfig": {"kind": "picd", "labels": "labels.csv", "images": "photos"},
    "SetConfig": SCENES,
    "BuildSftDataConfig": {"scenes": {}},
    "EvaluateConfig": {"judges": ["embedded"], "sets": [SCENES]},
    "ReproduceConfig": {"variants": [{"name": "full", "about": "all"}], "sets": [SCENES]},
    "EndpointJudgeConfig": {
        "kind": "endpoint",
        "teacher": {"name": "one", "provider": "openai", "model": "gpt-4o"},
    },
}
WORDS = ("one", "two", "1", "a.b:c", "2020-01-01")
NUMBERS = (1, 2, 64, 128, 0.25, 0.75, 0, 1e3, 1e4, -1)


def values_of(annotation: Any) -> Iterator[Any]:
    """Values that a type may have; not all of them have to pass its constraints."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from values_of(inner[0])
    elif origin in (Union, types.UnionType):
        for one in inner:
            yield from values_of(one)
    elif origin is Literal:
        yield from inner
    elif origin in (tuple, list):
        yield from ([one] for one in values_of(inner[0]))
        yield []
    elif origin is dict:
        for key in values_of(inner[0]):
            yield from ({key: one} for one in values_of(inner[1]))
        yield {}
    elif isinstance(annotation, type) and issubclass(annotation, StageConfig):
        yield from configs_of(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from ({"input": price, "output": 1} for price in (1, 2))
    elif annotation is bool:
        yield from (True, False)
    elif annotation in (int, float):
        yield from NUMBERS
    else:
        yield from chain(WORDS, (None,), NUMBERS)


def candidates(kind: type[StageConfig], name: str) -> list[Any]:
    """Valid values of a field, different from each other."""
    field = kind.model_fields[name]
    marked = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    adapter = TypeAdapter(marked)
    named = NAMED.get(f"{kind.__name__}.{name}", NAMED.get(name))
    found: list[Any] = []
    for value in values_of(field.annotation) if named is None else named:
        try:
            valid = adapter.validate_python(value)
        except ValidationError:
            continue
        if valid not in found:
            found.append(valid)
        if len(found) == 4:
            break
    return found


def configs_of(kind: type[StageConfig]) -> Iterator[StageConfig]:
    """A config of a class, and others that differ from it in one field: first in recipe fields."""
    one = example(kind)
    yield one
    for name in sorted(changeable(kind), key=lambda name: is_operational(kind, name)):
        yield one.model_copy(update={name: other(one, name)})


def changeable(kind: type[StageConfig]) -> list[str]:
    """Fields of a class that can have more than one value: all but those that name its kind."""
    fields = kind.model_fields.items()
    return [name for name, field in fields if len(get_args(field.annotation)) != 1]


def example(kind: type[StageConfig]) -> StageConfig:
    """A config of a class: defaults, and the first valid value of what has none."""
    if kind.__name__ in WHOLE:
        return kind.model_validate(WHOLE[kind.__name__])
    needed = {n: candidates(kind, n)[0] for n, f in kind.model_fields.items() if f.is_required()}
    return kind.model_validate(needed)


def other(config: StageConfig, name: str) -> Any:
    """Another valid value of a field."""
    now = getattr(config, name)
    found = [value for value in candidates(type(config), name) if value != now]
    assert found, f"{type(config).__name__}.{name}: add valid values to NAMED in {__file__}"
    return found[0]


def key(config: StageConfig) -> str:
    """What the output of a config is kept under."""
    if isinstance(config, SynthesisConfig):
        return synthesis_key(config)
    if isinstance(config, SftConfig | JoppoConfig):
        return run_id("sft" if isinstance(config, SftConfig) else "joppo", config, "v1", "p1")
    return config.hash()


CASES = [(kind, name) for kind in CLASSES for name in changeable(kind)]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{k.__name__}.{n}" for k, n in CASES])
def test_the_key_changes_exactly_with_recipe_fields(kind: type[StageConfig], name: str) -> None:
    config = example(kind)
    changed = config.model_copy(update={name: other(config, name)})
    assert changed.as_dict() != config.as_dict()
    assert (key(config) == key(changed)) == is_operational(kind, name)


DECIDED = {
    "operational": (
        "keep_checkpoints per_device_batch rollout_batch save_steps log_steps launch eval_batch "
        "report_to threads device vllm_memory sample_steps health_steps attention batch_size "
        "gradient_checkpointing share_prompts concurrency requests_per_minute tokens_per_minute "
        "timeout_s max_attempts patience_s backoff_s budget_usd journal labels images out "
        "timeout_h processes accelerate snapshot adapter base"
    ),
    "recipe": (
        "seed bf16 dtype max_pixels epochs max_steps learning_rate warmup weight_decay lora "
        "max_grad_norm max_completion_length eval_rows group photos updates_per_batch iterations "
        "beta epsilon loss temperature rollouts merge_rollouts reward rubric templates image_size "
        "jpeg_quality max_tokens fallback split steps guidance_scale depth_model controlnets checks"
    ),
}
OTHER_MEANING = {"SetConfig.snapshot", "Disk.adapter", "ScorePhotosConfig.photos"}


@pytest.mark.parametrize(("decided", "names"), DECIDED.items())
def test_which_is_which(decided: str, names: str) -> None:
    for name in names.split():
        having = [k for k in CLASSES if name in k.model_fields]
        found = {f"{k.__name__}.{name}": is_operational(k, name) for k in having}
        wrong = {one for one, is_it in found.items() if is_it != (decided == "operational")}
        assert found and not wrong - OTHER_MEANING, f"{name} is {decided}"
