"""Config of a capacity plan: what one item costs, each value with its source.

A value is `measured` (its source names the command), `documented` (by whom), `dataset` (counted in
a dataset's own files), or `assumed`, with the reason. Change any of them: a YAML with the changed
keys alone is enough (`joppo plan --profile paper --assume mine.yaml`).
"""

import re
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from joppo.data.config import StageConfig
from joppo.data.taxonomy.categories import CATEGORIES

Kind = Literal["measured", "documented", "dataset", "assumed"]
_COMMAND = re.compile(r"`[^`]+`")


class Value(StageConfig):
    """A number and its source."""

    value: float = Field(ge=0, allow_inf_nan=False)
    kind: Kind
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _names_its_command(self) -> "Value":
        if self.kind == "measured" and not _COMMAND.search(self.source):
            raise ValueError("a measured value names the `command` that measured it in its source")
        return self


class Above(Value):
    """A value that something is divided by."""

    value: float = Field(gt=0, allow_inf_nan=False)


class Share(Value):
    """A part of a whole."""

    value: float = Field(ge=0, le=1)


class Amounts(StageConfig):
    """How many rows follow from a photo. The long tail keeps its shape at every size."""

    dataset_photos: PositiveInt
    """photos of the dataset that `categories` was counted in; a plan's size where none is named"""
    categories: dict[int, NonNegativeInt]
    """PICD id -> photos of the dataset; a photo with two categories counts in both"""
    counted: str = Field(min_length=3)
    """how the two above were counted"""
    scored_per_photo: Value = Field(description="scored photos per photo")
    scored_train_share: Share = Field(description="of scored photos")
    perspective_share: Share = Field(description="of photos")
    accepted_share: Share = Field(description="of teachers' answers")
    sets: dict[str, Value] = Field(description="questions")
    """evaluation set -> its questions; a set that is not named is the test split of the photos"""

    @model_validator(mode="after")
    def _known(self) -> "Amounts":
        if unknown := sorted(set(self.categories) - set(CATEGORIES)):
            raise ValueError(f"categories names {unknown}; ids are 1 to 24")
        if not any(self.categories.values()):
            raise ValueError("categories counts no photo")
        if max(self.categories.values()) > self.dataset_photos:
            raise ValueError("a category has more photos than dataset_photos")
        return self


class Texts(StageConfig):
    """Sizes of prompts and answers."""

    prompt_chars: Value = Field(description="characters")
    photos_per_prompt: Value = Field(description="photos")
    teacher_tokens: Value = Field(description="tokens of an answer")
    teacher_s: Value = Field(description="s per answer")
    judge_prompt_tokens: Value = Field(description="tokens beside the photo")
    judge_answer_tokens: Value = Field(description="tokens of an answer")


class Gpus(StageConfig):
    """GPU seconds per item. Training takes the number of GPUs that its own config names."""

    name: str = Field(min_length=1)
    pool: PositiveInt
    """GPUs of the pool: synthesis, evaluation and a served teacher use all of them"""
    usd_per_hour: Value = Field(description="USD per GPU and hour")
    efficiency: Annotated[Share, Field(description="of linear speed-up on several GPUs")]
    depth_map_s: Value = Field(description="GPU s per map")
    image_s: Value = Field(description="GPU s per image")
    sft_tokens_per_s: Above = Field(description="tokens per GPU s")
    joppo_completion_s: Value = Field(description="GPU s per completion")
    judge_answer_s: Value = Field(description="GPU s per answer")
    served_answer_s: Value = Field(description="GPU s per answer")

    @model_validator(mode="after")
    def _efficient(self) -> "Gpus":
        if not self.efficiency.value:
            raise ValueError("efficiency must be above 0")
        return self


class Cpus(StageConfig):
    """Processor seconds per item."""

    workers: PositiveInt
    """threads of the flow's task runner (JOPPO_WORKERS)"""
    ingest_s: Value = Field(description="CPU s per photo")
    canny_s: Value = Field(description="CPU s per map")
    gate_s: Value = Field(description="CPU s per image")
    reason_s: Value = Field(description="CPU s per photo")
    plan_s: Value = Field(description="CPU s per photo, one process")
    deduplicate_s: Value = Field(description="CPU s per text, one process")
    publish_s: Value = Field(description="CPU s per text, one process")


class Disk(StageConfig):
    """Bytes per item."""

    photo: Value = Field(description="bytes per photo")
    control_map: Value = Field(description="bytes per map")
    synthetic_photo: Value = Field(description="bytes per image")
    shard_text: Value = Field(description="bytes per text, Parquet")
    snapshot_text: Value = Field(description="bytes per text, DuckDB")
    answer: Value = Field(description="bytes per teacher's answer, journal")
    checkpoint: Value = Field(description="bytes per checkpoint")
    adapter: Value = Field(description="bytes per finished model")


class Engines(StageConfig):
    """What each engine needs per item, and how far it goes."""

    shard_fill: Annotated[Share, Field(description="of a shard's size, mean")]
    server_cpu_s: Value = Field(description="CPU s per task run")
    server_bytes: Value = Field(description="bytes per task run, SQLite")
    task_runs: Value = Field(description="task runs of one build")
    puts_per_s: Value = Field(description="writes per s and prefix")
    disk_bytes: Value = Field(description="bytes")
    plan_memory: Value = Field(description="bytes per photo")
    deduplicate_memory: Value = Field(description="bytes per text")
    process_memory: Value = Field(description="bytes")
    publish_hours: Value = Field(description="hours")
    journal_s: Value = Field(description="s per answer, rerun")
    journal_hours: Value = Field(description="hours")
    teacher_days: Value = Field(description="days")
    gpu_days: Value = Field(description="days")

    @model_validator(mode="after")
    def _filled(self) -> "Engines":
        if not self.shard_fill.value:
            raise ValueError("shard_fill must be above 0")
        return self


class CapacityConfig(StageConfig):
    """Everything that a plan assumes beside the profile's own configs."""

    amounts: Amounts
    texts: Texts
    gpus: Gpus
    cpus: Cpus
    disk: Disk
    engines: Engines
