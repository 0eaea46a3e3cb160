"""A photo with its label, and a question about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.template_pool import Template
from joppo.data.taxonomy.categories import CATEGORIES, Category


@dataclass(frozen=True, slots=True)
class Subject:
    """A photo with its label, as questions, teachers and checks read it."""

    image: Mapping[str, Any]
    """row of the table `images`"""
    label: Mapping[str, Any]
    """row of the table `labels`; empty where the photo has none"""
    synthetic: bool = False

    @property
    def id(self) -> str:
        return str(self.image["image_id"])

    @property
    def categories(self) -> tuple[int, ...]:
        """PICD ids, the main category first."""
        return tuple(self.label.get("categories") or ())

    @property
    def mos(self) -> float | None:
        """Human score in [0, 1]; None for synthetic images, which nobody has rated."""
        return None if self.synthetic else self.label.get("mos")

    @property
    def attributes(self) -> dict[str, float]:
        """Rated attributes in [-1, 1]; none for synthetic images."""
        return {} if self.synthetic else dict(self.label.get("attributes") or {})

    @property
    def perspective(self) -> str | None:
        """one-point, two-point or none; None where the label does not state it."""
        return self.label.get("perspective")


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a photo, or about two, with its right answer."""

    template: Template
    text: str
    """what the student is asked"""
    form: AnswerFormat
    truth: str
    """the right answer, in the form that goes between the answer tags"""
    meaning: str
    """the right answer in words"""
    accepted: tuple[str, ...] = ()
    """all answers that the label allows: a photo may have several categories"""
    options: tuple[str, ...] = ()
    """options of multiple choice, in letter order"""
    wrong: tuple[str, ...] = ()
    """names of the wrong options"""
    partner: Subject | None = None
    """photo B of a comparison"""
    target: int | None = None
    """category that a comparison asks for"""

    def subjects(self, subject: Subject) -> tuple[Subject, ...]:
        """The photos of the question about `subject`, in the order A, B."""
        return (subject,) if self.partner is None else (subject, self.partner)


def category_name(category: Category) -> str:
    """The category's name without the stray blanks and hyphens of the label file."""
    return category.name.replace(" -", " ").replace("- ", " ")


CATEGORY_NAMES = {category_name(c): c.id for c in CATEGORIES.values()}
