"""A photo with its truths, and a question about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.template_pool import Template
from joppo.data.taxonomy.categories import CATEGORIES, Category


@dataclass(frozen=True, slots=True)
class Subject:
    """A photo with what is known of it: its `images` row and its `labels` row, if any."""

    image: Mapping[str, Any]
    label: Mapping[str, Any]
    synthetic: bool = False

    @property
    def id(self) -> str:
        return str(self.image["image_id"])

    @property
    def categories(self) -> tuple[int, ...]:
        return tuple(self.label.get("categories") or ())

    @property
    def mos(self) -> float | None:
        """Human score in [0, 1]; None for synthetic images, which nobody has rated."""
        return None if self.synthetic else self.label.get("mos")

    @property
    def attributes(self) -> dict[str, float]:
        return {} if self.synthetic else dict(self.label.get("attributes") or {})


@dataclass(frozen=True, slots=True)
class Question:
    """One posed question.

    `text` is the user text. `truth` is the right answer as it stands between the answer tags,
    `meaning` the same in words; `accepted` are all answers that the label allows, since a photo may
    have several categories. `options` are those of multiple choice in letter order, `wrong` the
    names of the wrong ones. A comparison has a `partner` (photo B) and, about compositions, a
    `target` category.
    """

    template: Template
    text: str
    form: AnswerFormat
    truth: str
    meaning: str
    accepted: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    partner: Subject | None = None
    target: int | None = None

    @property
    def photos(self) -> int:
        return 1 if self.partner is None else 2


def category_name(category: Category) -> str:
    """The category's name without the stray blanks and hyphens of the label file."""
    return category.name.replace(" -", " ").replace("- ", " ")


CATEGORY_NAMES = {category_name(c): c.id for c in CATEGORIES.values()}
