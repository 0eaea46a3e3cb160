"""Asking a judge the questions of a set that it has not answered yet."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from joppo.data.photos.decode import PhotoError
from joppo.training.evaluation.item_photo import ItemPhoto
from joppo.training.evaluation.items import SCORE, Item
from joppo.training.evaluation.predictions import (
    OK,
    REJECTED,
    UNPARSED,
    Prediction,
    Predictions,
)
from joppo.training.judges.judge import Judge, Question, Reply
from joppo.training.judges.parse_reply import lasting

PART = 64
"""Answers between two writes: what a kill costs at most."""
Progress = Callable[[int, int], None]
"""called with the number of answers so far and the number of questions in all"""


class UnansweredError(RuntimeError):
    """A judge could not be reached for some questions, or gave no reply; the others are kept."""


def predict(
    judge: Judge,
    stored: Predictions,
    unanswered: Sequence[Item],
    progress: Progress = lambda answered, total: None,
) -> None:
    """Ask a judge about items and store the answers as they come.

    Questions of one kind are asked together: a judge may treat kinds in different ways. A reply
    that only says that the judge could not be reached is no answer and is not stored.

    Args:
        unanswered: `stored.unanswered()`.

    Raises:
        StoreError: the store cannot be written.
        UnansweredError: questions are left without an answer.
        Exception: whatever the judge raises; answers that came before are kept.
    """
    items = sorted(unanswered, key=lambda item: item.form.kind)
    total = len(stored.evaluation.items)
    before = total - len(items)
    progress(before, total)
    stored.describe()
    asked, lost, kept = _Asked(items), Counter[str](), 0
    rows: list[Prediction] = []
    try:
        for reply in judge.ask(asked):
            row = asked.answered(reply)
            if row.status != REJECTED and not lasting([reply]):
                lost[str(row.reason)] += 1
                continue
            rows.append(row)
            if len(rows) == PART:
                stored.add(rows)
                kept, rows = kept + len(rows), []
                progress(before + kept, total)
    finally:
        if rows:
            stored.add(rows)
    kept += len(rows)
    progress(before + kept, total)
    _check_complete(judge.name, len(items), kept, lost)


def _check_complete(judge: str, asked: int, kept: int, lost: Counter[str]) -> None:
    if kept == asked:
        return
    lost["no_reply"] += asked - kept - lost.total()
    reasons = ", ".join(f"{count} {reason}" for reason, count in lost.items() if count)
    raise UnansweredError(
        f"{judge} left {asked - kept} of {asked} questions without an answer "
        f"({reasons}): start the evaluation again, it asks these alone"
    )


@dataclass
class _Asked:
    """Questions that a judge has taken and not answered yet, with their photos."""

    items: Sequence[Item]
    waiting: deque[tuple[Item, ItemPhoto]] = field(default_factory=deque)

    def __iter__(self) -> Iterator[Question]:
        for item in self.items:
            photo = ItemPhoto(item)
            self.waiting.append((item, photo))
            yield Question(item.image_id, photo, item.prompt, item.form)

    def answered(self, reply: Reply) -> Prediction:
        """The row of the next reply: replies come in the order of the questions."""
        item, photo = self.waiting.popleft()
        return prediction(item, reply, photo.error)


def prediction(item: Item, reply: Reply, error: PhotoError | None = None) -> Prediction:
    """The row of a reply: a valid answer, an invalid one, or a photo that cannot be opened."""
    judged = reply.judgement
    status, reason = (OK, None) if judged.ok else (UNPARSED, judged.reason)
    if error is not None:
        status, reason = REJECTED, error.reason
    scored = status == OK and item.form.kind == SCORE
    values = zip(item.form.names, judged.attributes, strict=True) if scored else ()
    return Prediction(
        question=item.question,
        image_id=item.image_id,
        item=item.item,
        task=item.task,
        status=status,
        reason=reason,
        total=judged.total if scored else None,
        attributes=dict(values),
        answer=judged.text if status == OK and not scored else None,
        explanation=reply.explanation,
        raw_text=reply.raw_text,
        tries=reply.tries,
    )
