"""Config of scoring: which judge, by which rubric, and what of a photo is too large."""

from typing import Annotated, Self

from pydantic import Field, PositiveInt

from joppo.data.config import OPERATIONAL, PLACE, StageConfig
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric, RubricChoice
from joppo.training.judges.config import JudgeConfig, LocalJudgeConfig
from joppo.training.judges.score_question import ScoreQuestion, score_question
from joppo.training.trainer.latest import found_model


class ScoringConfig(StageConfig):
    """One way to score photos."""

    judge: JudgeConfig = LocalJudgeConfig()
    """a model on this machine, or one behind an endpoint"""
    rubric: RubricChoice | None = None
    """the attributes that the judge scores; None takes those that it was trained on, or
    `photography` for a judge that was not trained here"""
    samples: int = Field(default=0, ge=0)
    """drawn answers per photo, whose mean and spread are reported; 0 for the one greedy answer"""
    calibrated: bool = False
    """whether the judge's calibration is applied to the totals; see `joppo calibrate`"""
    max_pixels: PositiveInt = 100_000_000
    """most pixels (width x height) of a photo; a larger one is rejected"""
    max_bytes: PositiveInt = 512_000_000
    """most bytes of a photo's file; a larger one is rejected"""

    def question(self) -> ScoreQuestion:
        """What the judge is asked about each photo: see `score_question`.

        Raises:
            RubricMismatchError: the judge was trained on another rubric than the config's.
        """
        return score_question(self.judge, self.rubric)

    def with_latest(self, store: Store) -> Self:
        """The config with `latest-sft` or `latest-joppo` replaced by the folder it leads to.

        Raises:
            ModelNotFoundError: no such training was finished in this store.
        """
        if not isinstance(self.judge, LocalJudgeConfig):
            return self
        judge = self.judge.model_copy(update={"model": found_model(self.judge.model, store)})
        return self.model_copy(update={"judge": judge})

    def load_rubric(self) -> Rubric:
        """The rubric of `question`."""
        return self.question().rubric


class ScorePhotosConfig(ScoringConfig):
    """A scoring run: which photos, and where its tables and report go."""

    photos: Annotated[tuple[str, ...], PLACE] = ()
    """files, folders and patterns, relative to the working directory"""
    out: Annotated[str | None, PLACE] = None
    """folder of the tables and the report; None for a folder of the store"""
    shard_size: Annotated[int, OPERATIONAL] = Field(default=128, ge=1)
    """photos of one task run of the flow"""
    html: Annotated[bool, OPERATIONAL] = True
    """whether to write the report"""

    @property
    def scoring(self) -> ScoringConfig:
        """The part that says how a photo is scored."""
        return ScoringConfig.model_validate(
            {name: getattr(self, name) for name in ScoringConfig.model_fields}
        )
