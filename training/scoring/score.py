"""Scoring: photos in, one row or one reject for each out.

    name = mean_name(judge.name, config.samples)
    cache = ScoreCache(store, name, config.question().prompt_id)
    for result in score(photos, judge, config, cache): ...

Photos are read, hashed and decoded in threads while the judge works. A photo whose score is in the
cache is not judged again, whatever its file is called; two photos with the same bytes are judged
once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import STAGE
from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import sha256
from joppo.training.judges.judge import Question, Reply, SamplingJudge
from joppo.training.judges.mean import mean_name
from joppo.training.judges.parse_reply import lasting
from joppo.training.judges.prefetch import Prefetch
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.photo_inputs import Photo, content_of
from joppo.training.scoring.rows import ScoreRow, score_row
from joppo.training.scoring.score_cache import ScoreCache
from joppo.training.scoring.thumbnails import keep_thumbnail

RECIPE_VERSION = 1
_READERS = 4
_READ_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Scored:
    """A photo and its row of the `scores` table.

    `new`: this run has judged it. `lasting` is off where the judge could not be reached: the row
    is not cached, and a later run asks again.
    """

    file: Photo
    row: ScoreRow
    new: bool = False
    lasting: bool = True


def score(
    photos: Iterable[Photo | Reject],
    judge: SamplingJudge,
    config: ScoringConfig,
    cache: ScoreCache | None = None,
    progress: Callable[[int], Any] = lambda count: None,
) -> Iterator[Scored | Reject]:
    """A `Scored` or a `Reject` for each photo, in the order of the photos.

    Args:
        cache: earlier scores of this judge and prompt. New ones are added, with a thumbnail of the
            photo; the caller flushes it at the end. Without a cache nothing is written.
        progress: called with the number of photos that were finished since its last call.

    Raises:
        BudgetExceeded, AccessError, ProviderDown: an endpoint cannot go on.
        StoreError: the store cannot be written.
    """
    yield from _Scoring(judge, config, cache, progress).run(photos)


@dataclass(slots=True)
class _Pending:
    """A photo that waits for its reply."""

    file: Photo
    image_id: str
    content: bytes | None
    thumbnail_kept: bool = False
    outcome: ScoreRow | PhotoError | None = None


@dataclass(frozen=True, slots=True)
class _Duplicate:
    """A photo with the bytes of one that waits."""

    file: Photo
    original: _Pending


_Opened = tuple[bytes, str] | PhotoError | None


class _Scoring:
    """One pass over photos. `queue` holds results and pending photos in the order of the photos."""

    def __init__(
        self,
        judge: SamplingJudge,
        config: ScoringConfig,
        cache: ScoreCache | None,
        progress: Callable[[int], Any],
    ) -> None:
        question = config.question()
        self.judge, self.config, self.cache, self.progress = judge, config, cache, progress
        self.judge_name = mean_name(judge.name, config.samples)
        self.prompt, self.prompt_id = question.prompt, question.prompt_id
        self.form, self.names = question.form, question.form.names
        self.queue: deque[Scored | Reject | _Pending | _Duplicate] = deque()
        self.pending: dict[str, _Pending] = {}

    def run(self, photos: Iterable[Photo | Reject]) -> Iterator[Scored | Reject]:
        with Prefetch(photos, self._open, _READERS, _READ_AHEAD) as opened:
            for replies in self._ask(self._questions(opened)):
                yield from self._finished()
                pending = self.queue.popleft()
                assert isinstance(pending, _Pending)
                yield self._answered(pending, replies)
                self.progress(1)
            yield from self._finished()

    def _ask(self, questions: Iterator[Question]) -> Iterator[tuple[Reply, ...]]:
        if self.config.samples:
            return self.judge.sample(questions, self.config.samples)
        return ((reply,) for reply in self.judge.ask(questions))

    def _open(self, photo: Photo | Reject) -> _Opened:
        """Content and hash of a photo, in a thread."""
        if isinstance(photo, Reject):
            return None
        try:
            content = content_of(photo, self.config.max_bytes)
        except PhotoError as error:
            return error
        return content, sha256(content)

    def _questions(self, photos: Prefetch[Photo | Reject, _Opened]) -> Iterator[Question]:
        """Questions about photos that have no score yet."""
        for photo, opened in photos:
            entry = self._entry(photo, opened)
            self.queue.append(entry)
            if isinstance(entry, _Pending):
                self.pending[entry.image_id] = entry
                pixels = partial(self._pixels, entry)
                yield Question(entry.image_id, pixels, self.prompt, self.form)
            else:
                self.progress(1)

    def _entry(
        self, photo: Photo | Reject, opened: _Opened
    ) -> Scored | Reject | _Pending | _Duplicate:
        if isinstance(photo, Reject):
            return photo
        if isinstance(opened, PhotoError):
            return _reject(photo, opened)
        assert opened is not None
        content, image_id = opened
        if self.cache is not None and (row := self.cache.get(image_id)) is not None:
            return Scored(photo, row)
        if (original := self.pending.get(image_id)) is not None:
            return _Duplicate(photo, original)
        return _Pending(photo, image_id, content)

    def _pixels(self, pending: _Pending) -> Any:
        """The decoded photo, as often as the judge asks for it; its thumbnail is kept once."""
        assert pending.content is not None
        photo = load_photo(pending.content, max_pixels=self.config.max_pixels)
        if self.cache is not None and not pending.thumbnail_kept:
            keep_thumbnail(self.cache.store, pending.image_id, photo)
            pending.thumbnail_kept = True
        return photo

    def _answered(self, pending: _Pending, replies: tuple[Reply, ...]) -> Scored | Reject:
        del self.pending[pending.image_id]
        pending.content = None  # a duplicate may hold on to it
        if replies[0].tries == 0:
            error = PhotoError(str(replies[0].judgement.reason), replies[0].detail)
            pending.outcome = error
            return _reject(pending.file, error)
        row = score_row(self.judge_name, self.prompt_id, pending.image_id, self.names, replies)
        pending.outcome = row
        keep = lasting(replies)
        if keep and self.cache is not None:
            self.cache.add(row)
        return Scored(pending.file, row, new=True, lasting=keep)

    def _finished(self) -> Iterator[Scored | Reject]:
        """Results at the head of the queue, up to the first pending photo."""
        while self.queue:
            entry = self.queue[0]
            if isinstance(entry, _Pending):
                return
            self.queue.popleft()
            if not isinstance(entry, _Duplicate):
                yield entry
            elif isinstance(entry.original.outcome, PhotoError):
                yield _reject(entry.file, entry.original.outcome)
            elif entry.original.outcome is not None:
                yield Scored(entry.file, entry.original.outcome)


def _reject(photo: Photo, error: PhotoError) -> Reject:
    return Reject(STAGE, photo.name, error.reason, error.detail)
