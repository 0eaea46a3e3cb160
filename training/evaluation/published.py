"""Figures that others published, to stand beside ours and be marked as theirs.

They live in `published.yaml`, each with the place where it stands. A figure that could not be read
in a source at hand has no entry; tables then show a dash.
"""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from joppo.data.config import StageConfig
from joppo.training.evaluation.results import PUBLISHED, Row

PLACE = Path(__file__).with_name("published.yaml")
Text = Annotated[str, Field(min_length=1)]


class PublishedFigure(StageConfig):
    """One figure; `source` and `metric` as in `RESULTS`."""

    judge: Text
    source: Text
    metric: Text
    of: Text | None = None
    value: float = Field(ge=-1, le=1)
    reference: Text
    """publication, table and row"""


class Published(StageConfig):
    """`expected`: judges that a publication compares on a source, so that a gap shows as one."""

    reference: Text
    expected: dict[Text, tuple[Text, ...]]
    figures: tuple[PublishedFigure, ...] = ()

    def rows(self) -> list[Row]:
        """The figures as rows of `RESULTS`."""
        return [
            {"origin": PUBLISHED, "label": one.judge, **one.model_dump()} for one in self.figures
        ]


def load_published(path: Path = PLACE) -> Published:
    """The published figures.

    Raises:
        pydantic.ValidationError: an entry without a value or a reference.
    """
    return Published.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
