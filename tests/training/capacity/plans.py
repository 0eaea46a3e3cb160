"""A recipe and costs small enough to be worked out by hand."""

from typing import Any

from joppo.data.datasets.splits import SplitConfig
from joppo.data.reasoning.config import ReasoningConfig, Route
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.data.teachers.config import Price, ProviderConfig, TeachersConfig
from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.recipe import Recipe, Variant
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig
from joppo.training.evaluation.config import SetConfig

HOSTED = ProviderConfig(
    name="hosted",
    provider="openai",
    model="gpt-4o",
    price=Price(input=2, output=10),
    requests_per_minute=60,
    concurrency=1000,
)
SERVED = ProviderConfig(
    name="served",
    provider="openai-compatible",
    model="q",
    base_url="http://host/v1",
    price=Price(input=0, output=0),
    concurrency=1000,
)
TEACHERS = TeachersConfig(providers=(HOSTED, SERVED))


def value(number: float) -> dict[str, Any]:
    return {"value": number, "kind": "assumed", "source": "by hand"}


def costs(**changed: Any) -> CapacityConfig:
    """Round numbers; `changed` replaces whole sections."""
    sections: dict[str, Any] = {
        "amounts": {
            "dataset_photos": 1000,
            "categories": {1: 500, 2: 320, 3: 180},
            "counted": "by hand",
            "scored_per_photo": value(0.5),
            "scored_train_share": value(0.9),
            "perspective_share": value(0.1),
            "accepted_share": value(0.5),
            "sets": {"cadb": value(100)},
        },
        "texts": {
            "prompt_chars": value(4000),
            "photos_per_prompt": value(1),
            "teacher_tokens": value(200),
            "teacher_s": value(6),
            "judge_prompt_tokens": value(100),
            "judge_answer_tokens": value(100),
        },
        "gpus": {
            "name": "a GPU",
            "pool": 2,
            "usd_per_hour": value(3),
            "efficiency": value(0.5),
            "depth_map_s": value(0.36),
            "image_s": value(3.6),
            "sft_tokens_per_s": value(1000),
            "joppo_completion_s": value(1.8),
            "judge_answer_s": value(0.72),
            "served_answer_s": value(0.36),
        },
        "cpus": {
            "workers": 4,
            **{
                name: value(0.36)
                for name in (
                    "ingest_s",
                    "canny_s",
                    "gate_s",
                    "reason_s",
                    "plan_s",
                    "deduplicate_s",
                    "publish_s",
                )
            },
        },
        "disk": {
            name: value(1e6)
            for name in (
                "photo",
                "control_map",
                "synthetic_photo",
                "shard_text",
                "snapshot_text",
                "answer",
                "checkpoint",
                "adapter",
            )
        },
        "engines": {
            "shard_fill": value(0.5),
            "server_cpu_s": value(0.1),
            "server_bytes": value(20000),
            "task_runs": value(1000),
            "puts_per_s": value(100),
            "disk_bytes": value(1e12),
            "plan_memory": value(1e4),
            "deduplicate_memory": value(1e4),
            "process_memory": value(1e9),
            "publish_hours": value(1),
            "journal_s": value(0.01),
            "journal_hours": value(1),
            "teacher_days": value(7),
            "gpu_days": value(30),
        },
    }
    return CapacityConfig.model_validate(sections | changed)


def set_of(kind: str, **more: Any) -> SetConfig:
    source = {"kind": kind, "labels": "l", "images": "i"}
    return SetConfig.model_validate({"name": kind, "source": source, **more})


def recipe(**changed: Any) -> Recipe:
    """Composition and aesthetic questions; a teacher of each kind; two judges of CADB, and one more
    behind an API."""
    routes = (Route(teacher="hosted"), Route(teacher="served"))
    reasoning = ReasoningConfig(
        tasks=("composition", "aesthetic"), routes=routes, teachers_per_question=2
    )
    parts: dict[str, Any] = {
        "splits": SplitConfig(),
        "shard_size": 100,
        "reasoning": reasoning.with_teachers(TEACHERS),
        "teachers": TEACHERS,
        "plan": PlanConfig(temperature=1, expected_yield=0.5, controls={"canny": 1, "depth": 1}),
        "synthesis_shard_size": 50,
        "depth_model": True,
        "sft": SftConfig(max_pixels=28 * 28 * 800, launch=LaunchConfig(processes=2)),
        "variants": (
            Variant("base", "base", None),
            Variant("full", "sft", JoppoConfig(group=6, launch=LaunchConfig(processes=1))),
        ),
        "full": "full",
        "seeds": 1,
        "sets": (set_of("cadb"),),
        "endpoints": (HOSTED,),
    }
    return Recipe(**parts | changed)
