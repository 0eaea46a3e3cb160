"""Questions about small pictures, for tests of judges."""

import io

from PIL import Image

from joppo.data.photos.decode import load_photo
from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.prompts import score_prompt
from joppo.data.store.hashing import sha256
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.judges.judge import Question
from tests.data.pictures import painting, png

RUBRIC = load_rubric()
NAMES = tuple(RUBRIC.names)
FORM = AnswerFormat("score", NAMES)
PROMPT = score_prompt(RUBRIC)
# Of several shapes, so that photos take different numbers of tokens.
SHAPES = [(96, 96), (140, 70), (60, 120), (96, 64)]


def photo_bytes(seed: int, size: tuple[int, int] | None = None) -> bytes:
    """A PNG of a random picture."""
    image = Image.open(io.BytesIO(png(painting(seed)))).resize(size or SHAPES[seed % len(SHAPES)])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def question(content: bytes, prompt: str = PROMPT, form: AnswerFormat = FORM) -> Question:
    return Question(sha256(content), lambda: load_photo(content), prompt, form)


def questions(count: int, first: int = 0) -> list[Question]:
    return [question(photo_bytes(seed)) for seed in range(first, first + count)]
