"""Config of `evaluate-judge`: which judges, which sets, and how figures are taken."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from joppo.data.config import StageConfig
from joppo.data.datasets.sources import SourceConfig
from joppo.data.datasets.splits import SplitConfig
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.taxonomy.rubrics import RubricChoice
from joppo.training.judges.config import JudgeConfig, LocalJudgeConfig

LATEST = "latest"
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Task = Literal["score", "composition", "perspective"]
Protocol = Literal["total", "attributes_to_total"]


class SetConfig(StageConfig):
    """One set of photos, from one of three origins.

    `snapshot`: the preferences of a corpus (a version, or `latest`); `source`: a dataset's labels
    and photos; `scenes`: rendered photos, which no corpus holds if their seed is another one.
    """

    name: Name
    """what reports call the set"""
    snapshot: str | None = None
    """version of a corpus, or `latest`"""
    source: SourceConfig | None = None
    """a dataset, read from its labels and photos"""
    scenes: SceneSourceConfig | None = None
    """photos that are rendered"""
    split: Literal["train", "validation", "test", "all"] = "test"
    """which photos of a snapshot or source; scenes are always taken whole"""
    splits: SplitConfig = SplitConfig()
    """of photos whose dataset states no split, by the hash of their bytes, as `ingest` does it"""
    synthetic: bool = False
    """whether a snapshot's synthetic photos are asked about as well"""
    tasks: tuple[Task, ...] = ("score", "composition", "perspective")
    """what is asked, where the labels hold the answer; MMPerspective asks its own questions"""
    form: Literal["choice", "open"] = "choice"
    """compositions of a source or of scenes: four options, or one of all 24 names"""
    protocol: Protocol = "total"
    """how scores are asked for. `total`: in the order of the rubric. `attributes_to_total`: the
    attributes first and then the total in sight of them; nothing but scores is asked"""
    validation_scenes: SceneSourceConfig | None = None
    """of scenes under `attributes_to_total`: those that the regression of the total on the
    attributes is fitted on; datasets and snapshots have their validation split for that"""
    validation_limit: int = Field(default=500, ge=1)
    """at most so many validation photos are asked about for that regression, or `limit` if fewer"""
    limit: int | None = Field(default=None, ge=1)
    """at most so many photos, chosen by content hash"""

    @model_validator(mode="after")
    def _one_place(self) -> "SetConfig":
        if sum(origin is not None for origin in (self.snapshot, self.source, self.scenes)) != 1:
            raise ValueError(f"set {self.name}: give one of snapshot, source and scenes")
        if self.source is not None and self.source.images is None:
            raise ValueError(f"set {self.name}: source needs images, a judge looks at photos")
        if self.source is not None and self.source.kind == "photos":
            raise ValueError(f"set {self.name}: photos without labels have no truth")
        return self

    @model_validator(mode="after")
    def _protocol_fits(self) -> "SetConfig":
        if self.protocol == "total":
            if self.validation_scenes is not None:
                raise ValueError(
                    f"set {self.name}: validation_scenes goes with scenes and attributes_to_total"
                )
            return self
        if "score" not in self.tasks:
            raise ValueError(
                f"set {self.name}: attributes_to_total asks for scores, tasks does not"
            )
        if self.source is not None and self.source.kind == "mmperspective":
            raise ValueError(f"set {self.name}: MMPerspective asks its own questions, no scores")
        if self.validation_scenes is not None and self.scenes is None:
            raise ValueError(
                f"set {self.name}: validation_scenes goes with scenes; datasets and snapshots have "
                "their validation split"
            )
        return self


class FiguresConfig(StageConfig):
    """How figures are taken from stored predictions; changing it asks no judge again."""

    resamples: int = Field(default=1000, ge=100)
    """of the bootstrap"""
    level: float = Field(default=0.95, gt=0, lt=1)
    """of the intervals"""
    seed: int = 0
    """of the bootstrap"""


class EvaluateConfig(StageConfig):
    """Judges x sets.

    A judge is `embedded`, `latest-sft`, `latest-joppo` (the model that was finished last in this
    store), a model folder, a hub id on this machine, or a whole config of an endpoint or of a local
    model. `local` holds what the judges that are merely named have in common.
    """

    judges: tuple[str | JudgeConfig, ...] = Field(min_length=1)
    """`embedded`, `latest-sft`, `latest-joppo`, model folders, hub ids, or whole configs"""
    local: LocalJudgeConfig = LocalJudgeConfig()
    """what judges that are given by name have in common; a trained judge knows its own
    `max_pixels`, so this one is for models that were not trained here"""
    samples: int = Field(default=0, ge=0)
    """a score is the mean of so many drawn answers; 0: the one likeliest answer"""
    sets: tuple[SetConfig, ...] = Field(min_length=1)
    """the sets of photos that every judge is asked about"""
    rubric: RubricChoice | None = None
    """the attributes that judges score; None takes those that the judges were trained on, or
    `photography` where none of them was trained here"""
    figures: FiguresConfig = FiguresConfig()
    """how figures are taken from the answers"""

    @model_validator(mode="after")
    def _distinct(self) -> "EvaluateConfig":
        names = [one.name for one in self.sets]
        if len(set(names)) < len(names):
            raise ValueError("two sets have one name: rename one")
        named = [one for one in self.judges if isinstance(one, str)]
        if len(set(named)) < len(named):
            raise ValueError("a judge stands twice in judges: remove one")
        return self
