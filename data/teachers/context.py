"""What is known about the photos of a question: for teachers that answer from labels."""

from collections.abc import Mapping
from dataclasses import dataclass

from joppo.data.questions.question import Question, Subject


@dataclass(frozen=True, slots=True)
class Context:
    """A question with its answer, the photo with its label, and what was measured."""

    question: Question
    subject: Subject
    """the photo asked about; of a comparison, photo A"""
    claims: tuple[Mapping[str, str], ...]
    """aspect -> value of what may be said (see `data.photos.claims`), for each photo"""
