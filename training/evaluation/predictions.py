"""What judges answered, kept in the store: a question is asked once.

    evaluations/predictions/<key>/about.json        judge, set, digest of the questions
    evaluations/predictions/<key>/part-*.parquet    answers, some at a time, as `PREDICTIONS`

The key is a content hash of the judge's name, which names its version, and of the questions. A run
that was killed goes on after the last part; a finished one asks nothing.
"""

import io
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import SHORT, content_hash, sha256
from joppo.data.store.store import Store, StoreError
from joppo.training.evaluation.items import EvaluationSet, Item
from joppo.training.judges.judge import Judge, Question, Reply
from joppo.training.judges.parse_reply import lasting

RECIPE_VERSION = 1
"""Raised when the same answer of a judge is stored in another way."""
OK, UNPARSED, REJECTED = "ok", "unparsed", "rejected"
PART = 64
"""Answers between two writes: what a kill costs at most."""
PREDICTIONS = pa.schema(
    [
        pa.field("question", pa.string()),
        pa.field("image_id", pa.string()),
        pa.field("item", pa.string()),
        pa.field("task", pa.string()),
        pa.field("status", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("total", pa.float64()),
        pa.field("attributes", pa.map_(pa.string(), pa.float64())),
        pa.field("answer", pa.string()),
        pa.field("explanation", pa.string()),
        pa.field("raw_text", pa.string()),
        pa.field("tries", pa.int64()),
    ]
)
"""`status` is ok, unparsed (the judge's answer, for `reason`) or rejected (the photo)."""
Progress = Callable[[int, int], None]
"""called with answers so far and questions in all"""


def predictions_key(judge: str, evaluation: EvaluationSet) -> str:
    """16 hex characters that name a judge's answers to a set."""
    return content_hash(RECIPE_VERSION, judge, evaluation.digest)[:SHORT]


class Predictions:
    """The stored answers of one judge to one set."""

    def __init__(self, store: Store, judge: str, evaluation: EvaluationSet) -> None:
        self.store, self.judge, self.evaluation = store, judge, evaluation
        self.key = predictions_key(judge, evaluation)
        self.folder = f"evaluations/predictions/{self.key}"

    def table(self) -> pa.Table:
        """All answers so far, one row a question, as `PREDICTIONS`.

        A photo that could not be opened once and was answered later counts as answered.

        Raises:
            StoreError: the store cannot be read, or a part is damaged.
        """
        parts = [n for n in self.store.names(self.folder) if n.startswith("part-")]
        rows = pa.concat_tables([PREDICTIONS.empty_table(), *map(self._part, parts)])
        refused = pc.equal(rows["status"], REJECTED)
        answered = rows.filter(pc.invert(refused))
        rejected = rows.filter(refused)
        again = pc.is_in(rejected["question"], value_set=answered["question"].combine_chunks())
        return pa.concat_tables([answered, rejected.filter(pc.invert(again))])

    def unanswered(self) -> list[Item]:
        """Items to ask about, in the order of the set: those without an answer, and those whose
        photo could not be opened before and can be now."""
        rows = self.table().select(["question", "status"]).to_pylist()
        status = {row["question"]: row["status"] for row in rows}
        return [
            item
            for item in self.evaluation.items
            if (known := status.get(item.question)) is None
            or (known == REJECTED and _Photo(item).opens)
        ]

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep answers; the part's name is a hash of its questions.

        Raises:
            StoreError: the store cannot be written.
        """
        name = content_hash([row["question"] for row in rows])[:SHORT]
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(list(rows), PREDICTIONS), sink, compression="zstd")
        self.store.write_bytes(f"{self.folder}/part-{name}.parquet", sink.getvalue())

    def describe(self) -> None:
        """Say in the store whose answers these are."""
        about = {
            "judge": self.judge,
            "set": self.evaluation.name,
            "source": self.evaluation.source,
            "snapshot": self.evaluation.snapshot,
            "questions": len(self.evaluation.items),
            "digest": self.evaluation.digest,
            "recipe_version": RECIPE_VERSION,
        }
        text = json.dumps(about, indent=1, sort_keys=True) + "\n"
        self.store.write_bytes(f"{self.folder}/about.json", text.encode())

    def _part(self, name: str) -> pa.Table:
        uri = f"{self.folder}/{name}"
        content = self.store.read_bytes(uri)
        try:
            return pq.read_table(pa.BufferReader(content)).select(PREDICTIONS.names)
        except (OSError, pa.ArrowException, KeyError) as error:
            raise StoreError(
                f"{uri} in store {self.store.root} is damaged ({error}): delete it, the judge is "
                "then asked these questions again"
            ) from error


class UnansweredError(RuntimeError):
    """A judge could not be reached for some questions, or gave no reply; the others are kept."""


def predict(
    judge: Judge, found: Predictions, todo: Sequence[Item], progress: Progress = lambda a, b: None
) -> None:
    """Ask a judge about `todo` (`found.unanswered()`), and keep the answers as they come.

    Questions of one kind are asked together: a judge may treat kinds in different ways.

    A reply that only says that the judge could not be reached is no answer and is not kept.

    Raises:
        StoreError: the store cannot be written.
        UnansweredError: questions are left without an answer.
        Exception: whatever the judge raises; answers that came before are kept.
    """
    todo = sorted(todo, key=lambda item: item.form.kind)
    total = len(found.evaluation.items)
    before = total - len(todo)
    progress(before, total)
    found.describe()
    asked, lost, kept = _Asked(todo), Counter[str](), 0
    rows: list[dict[str, Any]] = []
    try:
        for reply in judge.ask(asked):
            row = asked.row(reply)
            if row["status"] != REJECTED and not lasting([reply]):
                lost[str(row["reason"])] += 1
                continue
            rows.append(row)
            if len(rows) == PART:
                found.add(rows)
                kept, rows = kept + len(rows), []
                progress(before + kept, total)
    finally:
        if rows:
            found.add(rows)
    kept += len(rows)
    progress(before + kept, total)
    if kept < len(todo):
        lost["no_reply"] += len(todo) - kept - lost.total()
        reasons = ", ".join(f"{n} {reason}" for reason, n in lost.items() if n)
        raise UnansweredError(
            f"{judge.name} left {len(todo) - kept} of {len(todo)} questions without an answer "
            f"({reasons}): start the evaluation again, it asks these alone"
        )


@dataclass
class _Asked:
    """Questions on their way through a judge, with the photos that could not be opened."""

    items: Sequence[Item]
    waiting: deque[tuple[Item, "_Photo"]] = field(default_factory=deque)

    def __iter__(self) -> Iterator[Question]:
        for item in self.items:
            photo = _Photo(item)
            self.waiting.append((item, photo))
            yield Question(item.image_id, photo, item.prompt, item.form)

    def row(self, reply: Reply) -> dict[str, Any]:
        """The row of the next reply: replies come in the order of the questions."""
        item, photo = self.waiting.popleft()
        return prediction(item, reply, photo.error)


class _Photo:
    """Opens an item's photo when a judge asks for it, and remembers why that failed."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.error: PhotoError | None = None

    def __call__(self) -> Any:
        try:
            return load_photo(self._content())
        except PhotoError as error:
            self.error = error
            raise

    @property
    def opens(self) -> bool:
        """Whether there is a photo to be judged."""
        try:
            self()
        except PhotoError:
            return False
        return True

    def _content(self) -> bytes:
        try:
            content = self.item.read()
        except FileNotFoundError as error:
            raise PhotoError("missing_image", "the file is gone; put it back") from error
        except OSError as error:
            raise PhotoError("unreadable_file", f"cannot be read ({error.strerror})") from error
        if sha256(content) != self.item.image_id:
            raise PhotoError("changed_file", "the file is another one than was listed; run again")
        return content


def prediction(item: Item, reply: Reply, error: PhotoError | None = None) -> dict[str, Any]:
    """The row of `PREDICTIONS`: an answer, a failed answer, or a photo that gave none."""
    judged, scored = reply.judgement, item.form.kind == "score"
    row: dict[str, Any] = {
        "question": item.question,
        "image_id": item.image_id,
        "item": item.item,
        "task": item.task,
        "status": OK,
        "reason": None,
        "total": None,
        "attributes": [],
        "answer": None,
        "explanation": reply.explanation,
        "raw_text": reply.raw_text,
        "tries": reply.tries,
    }
    if error is not None:
        return row | {"status": REJECTED, "reason": error.reason}
    if not judged.ok:
        return row | {"status": UNPARSED, "reason": judged.reason}
    if scored:
        values = list(zip(item.form.names, judged.attributes, strict=True))
        return row | {"total": judged.total, "attributes": values}
    return row | {"answer": judged.text}
