"""Scoring: photo files in, one row or one reject for each out.

    book = ScoreBook(store, mean_name(judge.name, config.samples), prompt_id(rubric))
    for found in score(files, judge, book, store, config): ...

Files are read, hashed and decoded in threads while the judge works. What the book knows is not
judged again, whatever the file is called; two files with the same bytes are judged once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import STAGE, PhotoFile, read_photo
from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.prompts import score_prompt
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store
from joppo.training.judges.judge import Question, Reply, SamplingJudge
from joppo.training.judges.parse_reply import lasting
from joppo.training.judges.prefetch import Ahead
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.rows import Row, score_row
from joppo.training.scoring.score_cache import ScoreBook
from joppo.training.scoring.thumbnails import keep_thumbnail

RECIPE_VERSION = 1
_READERS = 4
_READ_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Scored:
    """A photo file and its row of the `scores` table.

    `new`: the judge was asked just now. `lasting` is off where it could not be reached: the row is
    not kept, and a later run asks again.
    """

    file: PhotoFile
    row: Row
    new: bool = False
    lasting: bool = True


def score(
    files: Iterable[PhotoFile | Reject],
    judge: SamplingJudge,
    book: ScoreBook,
    store: Store,
    config: ScoringConfig,
    seen: Callable[[int], Any] = lambda count: None,
) -> Iterator[Scored | Reject]:
    """A `Scored` or a `Reject` for each file, in the order of the files.

    Rows are kept in the book as they come; the caller flushes it at the end. `seen` is called with
    the number of files that are dealt with since its last call.

    Raises:
        BudgetExceeded, AuthError, ProviderDown: an endpoint cannot go on.
        StoreError: the store cannot be written.
    """
    yield from _Scoring(judge, book, store, config, seen).run(files)


@dataclass(slots=True)
class _Asked:
    """A photo that waits for its reply, in its place among the files."""

    file: PhotoFile
    image_id: str
    content: bytes | None
    seen: bool = False
    outcome: Row | PhotoError | None = None


@dataclass(frozen=True, slots=True)
class _Twin:
    """A file with the bytes of one that waits."""

    file: PhotoFile
    of: _Asked


_Opened = tuple[bytes, str] | PhotoError | None


class _Scoring:
    """One pass over files. `line` holds, in the order of the files, results and what waits."""

    def __init__(
        self,
        judge: SamplingJudge,
        book: ScoreBook,
        store: Store,
        config: ScoringConfig,
        seen: Callable[[int], Any],
    ) -> None:
        rubric = config.load_rubric()
        self.judge, self.book, self.store, self.config = judge, book, store, config
        self.seen = seen
        self.names = tuple(rubric.names)
        self.prompt = score_prompt(rubric)
        self.form = AnswerFormat("score", self.names)
        self.line: deque[Scored | Reject | _Asked | _Twin] = deque()
        self.waiting: dict[str, _Asked] = {}

    def run(self, files: Iterable[PhotoFile | Reject]) -> Iterator[Scored | Reject]:
        with Ahead(files, self._open, _READERS, _READ_AHEAD) as ahead:
            for replies in self._ask(self._questions(ahead)):
                yield from self._settled()
                asked = self.line.popleft()
                assert isinstance(asked, _Asked)
                yield self._answered(asked, replies)
                self.seen(1)
            yield from self._settled()

    def _ask(self, questions: Iterator[Question]) -> Iterator[tuple[Reply, ...]]:
        if self.config.samples:
            return self.judge.sample(questions, self.config.samples)
        return ((reply,) for reply in self.judge.ask(questions))

    def _open(self, file: PhotoFile | Reject) -> _Opened:
        """Content and hash of a file, in a thread."""
        if isinstance(file, Reject):
            return None
        try:
            content = read_photo(file.path, self.config.max_bytes)
        except PhotoError as error:
            return error
        return content, sha256(content)

    def _questions(self, files: Ahead[PhotoFile | Reject, _Opened]) -> Iterator[Question]:
        """Questions about photos that nothing is known of."""
        for file, opened in files:
            entry = self._entry(file, opened)
            self.line.append(entry)
            if isinstance(entry, _Asked):
                self.waiting[entry.image_id] = entry
                photo = partial(self._photo, entry)
                yield Question(entry.image_id, photo, self.prompt, self.form)
            else:
                self.seen(1)

    def _entry(self, file: PhotoFile | Reject, opened: _Opened) -> Scored | Reject | _Asked | _Twin:
        if isinstance(file, Reject):
            return file
        if isinstance(opened, PhotoError):
            return _reject(file, opened)
        assert opened is not None
        content, image_id = opened
        if (row := self.book.get(image_id)) is not None:
            return Scored(file, row)
        if (same := self.waiting.get(image_id)) is not None:
            return _Twin(file, same)
        return _Asked(file, image_id, content)

    def _photo(self, asked: _Asked) -> Any:
        """The photo for the judge, as often as it looks; its thumbnail is kept."""
        assert asked.content is not None
        photo = load_photo(asked.content, max_pixels=self.config.max_pixels)
        if not asked.seen:
            keep_thumbnail(self.store, asked.image_id, photo)
            asked.seen = True
        return photo

    def _answered(self, asked: _Asked, replies: tuple[Reply, ...]) -> Scored | Reject:
        del self.waiting[asked.image_id]
        asked.content = None  # a twin may hold on to it
        if replies[0].tries == 0:
            error = PhotoError(str(replies[0].judgement.reason), replies[0].detail)
            asked.outcome = error
            return _reject(asked.file, error)
        row = score_row(self.book.judge, self.book.prompt_id, asked.image_id, self.names, replies)
        asked.outcome = row
        keep = lasting(replies)
        if keep:
            self.book.add(row)
        return Scored(asked.file, row, new=True, lasting=keep)

    def _settled(self) -> Iterator[Scored | Reject]:
        """What stands at the head of the line and waits for nothing."""
        while self.line and not isinstance(self.line[0], _Asked):
            entry = self.line.popleft()
            if not isinstance(entry, _Twin):
                yield entry  # type: ignore[misc]
            elif isinstance(entry.of.outcome, PhotoError):
                yield _reject(entry.file, entry.of.outcome)
            elif entry.of.outcome is not None:
                yield Scored(entry.file, entry.of.outcome)


def _reject(file: PhotoFile, error: PhotoError) -> Reject:
    return Reject(STAGE, file.name, error.reason, error.detail)
