"""Stored answers of judges: a question is asked once.

    evaluations/predictions/<key>/about.json        judge, set, digest of the questions
    evaluations/predictions/<key>/part-*.parquet    answers, several at a time, as `PREDICTIONS`

The key is a content hash of the judge's name, which identifies its version, and of the questions. A
run that was killed continues after the last part; a finished one asks nothing.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store, StoreError
from joppo.training.evaluation.item_photo import ItemPhoto
from joppo.training.evaluation.items import EvaluationSet, Item

RECIPE_VERSION = 1
"""Raised when the same answer of a judge is stored in another way."""
OK, UNPARSED, REJECTED = "ok", "unparsed", "rejected"
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
"""Columns of stored answers; see `Prediction`."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer of a judge to one item: a row of `PREDICTIONS`.

    `status` is `ok`, `unparsed` (the judge's answer is not valid) or `rejected` (the photo cannot
    be opened); `reason` says why in the last two cases. A score has `total` and `attributes`, any
    other answer has `answer`. `tries` counts how often the judge was asked.
    """

    question: str
    image_id: str
    item: str
    task: str
    status: str
    reason: str | None = None
    total: float | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)
    answer: str | None = None
    explanation: str = ""
    raw_text: str = ""
    tries: int = 1


def predictions_table(rows: Sequence[Prediction]) -> pa.Table:
    """Rows as `PREDICTIONS`."""
    columns = [{**asdict(row), "attributes": list(row.attributes.items())} for row in rows]
    return pa.Table.from_pylist(columns, PREDICTIONS)


def predictions_key(judge: str, evaluation: EvaluationSet) -> str:
    """Name of a judge's answers to a set: 16 hex characters."""
    return content_hash(RECIPE_VERSION, judge, evaluation.digest)[:SHORT]


class Predictions:
    """The stored answers of one judge to one set."""

    def __init__(self, store: Store, judge: str, evaluation: EvaluationSet) -> None:
        self.store, self.judge, self.evaluation = store, judge, evaluation
        self.key = predictions_key(judge, evaluation)
        self.folder = f"evaluations/predictions/{self.key}"

    def table(self) -> pa.Table:
        """All answers so far, one row a question, as `PREDICTIONS`.

        A photo that could not be opened at first and was answered later counts as answered.

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
        photo could not be opened before and can be opened now."""
        rows = self.table().select(["question", "status"]).to_pylist()
        status = {row["question"]: row["status"] for row in rows}
        return [
            item
            for item in self.evaluation.items
            if (known := status.get(item.question)) is None
            or (known == REJECTED and ItemPhoto(item).opens)
        ]

    def add(self, rows: Sequence[Prediction]) -> None:
        """Store answers as one part, whose name is a hash of its questions.

        Raises:
            StoreError: the store cannot be written.
        """
        name = content_hash([row.question for row in rows])[:SHORT]
        sink = io.BytesIO()
        pq.write_table(predictions_table(rows), sink, compression="zstd")
        self.store.write_bytes(f"{self.folder}/part-{name}.parquet", sink.getvalue())

    def describe(self) -> None:
        """Write down in the store whose answers these are."""
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
