"""Figures that others published, to stand beside ours and be marked as theirs.

They live in `published.yaml`, each with where it was read. A figure that could not be read in a
source at hand has no entry; tables then show a dash.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from joppo.data.config import StageConfig
from joppo.training.evaluation.results import PUBLISHED, Row

PLACE = Path(__file__).with_name("published.yaml")
Text = Annotated[str, Field(min_length=1)]


class PublishedFigure(StageConfig):
    """One figure; `source`, `task`, `metric` and `of` as in `RESULTS`."""

    judge: Text
    source: Text
    task: Literal["score", "attributes_to_total"] = "score"
    """how the score was asked for; of no meaning for choices"""
    metric: Text
    of: Text | None = None
    value: float = Field(ge=-1, le=1)
    reference: Text
    """publication and table, and by whom it was read there"""


class Published(StageConfig):
    """What a publication states of judges, of the variants of its own, and in words."""

    reference: Text
    """the publication, and how its figures came here"""
    expected: dict[Text, tuple[Text, ...]]
    """source -> judges that have a row there, so that a gap shows as one"""
    out_of_domain: tuple[Text, ...] = ()
    """sources that the publication's judge was not trained on"""
    compared_besides: tuple[Text, ...] = ()
    """judges that the publication compares and of which no figure is at hand"""
    claims: tuple[Text, ...] = ()
    """what it concludes, in words"""
    figures: tuple[PublishedFigure, ...] = ()
    """figures of judges"""
    ablation: tuple[PublishedFigure, ...] = ()
    """figures of variants of its own judge, whose names stand as `judge`"""

    def rows(self) -> list[Row]:
        """The judges' figures as rows of `RESULTS`."""
        return [
            {"origin": PUBLISHED, "label": one.judge, **one.model_dump()} for one in self.figures
        ]

    def value(self, name: str, source: str, task: str, metric: str) -> float | None:
        """A figure of a judge or variant for a whole set; None where none was read."""
        wanted = (name, source, task, metric, None)
        found = (
            one.value
            for one in (*self.figures, *self.ablation)
            if (one.judge, one.source, one.task, one.metric, one.of) == wanted
        )
        return next(found, None)


def load_published(path: Path = PLACE) -> Published:
    """The published figures.

    Raises:
        pydantic.ValidationError: an entry without a value or a reference.
    """
    return Published.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
