"""A set's truth and a judge's answers side by side, as arrays: what figures are taken from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from joppo.data.questions.answer_format import total_is_last
from joppo.training.evaluation.items import ATTRIBUTES_TO_TOTAL
from joppo.training.evaluation.predictions import OK, REJECTED, UNPARSED

Array = np.ndarray


@dataclass(frozen=True)
class Aligned:
    """Questions of one task with truth and answer; a question that was not asked yet is not here.

    All of length n. `questions` are ids, `photos` image ids. `mos` and `total` (n,) are NaN where
    there is none; `attributes` and `truth` (n, d) hold the values of `names`, NaN where unknown.
    `status` is that of `PREDICTIONS`. `right` is the class of the right answer, `given` that of the
    given one, None where it failed; both are empty for scores. `total_last` (n,) says of answers
    under attributes_to_total whether they gave the total after the attributes, as was asked.
    """

    task: str
    questions: Array
    photos: Array
    status: Array
    reasons: Sequence[str | None]
    mos: Array
    total: Array
    names: tuple[str, ...]
    attributes: Array
    truth: Array
    right: Sequence[str]
    given: Sequence[str | None]
    hits: Array
    groups: Sequence[str | None]
    total_last: Array

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def judged(self) -> Array:
        """Rows whose photo could be opened."""
        return np.asarray(self.status != REJECTED)

    @property
    def unparsed(self) -> int:
        return int((self.status == UNPARSED).sum())

    @property
    def rejected(self) -> int:
        return int((self.status == REJECTED).sum())

    def counts(self, status: str) -> dict[str, int]:
        """reason -> rows of this status."""
        found: dict[str, int] = {}
        for one, reason in zip(self.status, self.reasons, strict=True):
            if one == status:
                found[str(reason)] = found.get(str(reason), 0) + 1
        return dict(sorted(found.items()))


def align(truth: pa.Table, predictions: pa.Table) -> dict[str, Aligned]:
    """Task -> aligned rows, in the order of the truth, by task name."""
    index = pc.index_in(truth["question"], value_set=predictions["question"].combine_chunks())
    asked = pc.is_valid(index)
    truth, index = truth.filter(asked), pc.drop_null(index)
    predictions = predictions.take(index)
    tasks = truth["task"]
    return {
        task: _of_task(truth.filter(own), predictions.filter(own), task)
        for task in sorted(pc.unique(tasks).to_pylist())
        for own in [pc.equal(tasks, task)]
    }


def _of_task(truth: pa.Table, predictions: pa.Table, task: str) -> Aligned:
    names = tuple(_names(predictions["attributes"]))
    right, given, hits = _choices(truth, predictions)
    return Aligned(
        task=task,
        questions=truth["question"].to_numpy(),
        photos=truth["image_id"].to_numpy(),
        status=predictions["status"].to_numpy(),
        reasons=predictions["reason"].to_pylist(),
        mos=_floats(truth["mos"]),
        total=_floats(predictions["total"]),
        names=names,
        attributes=_matrix(predictions["attributes"], names),
        truth=_matrix(truth["attributes"], names),
        right=right,
        given=given,
        hits=hits,
        groups=truth["group"].to_pylist(),
        total_last=_total_last(predictions, task),
    )


def _total_last(predictions: pa.Table, task: str) -> Array:
    """False where the answer is not in form, and for other tasks."""
    if task != ATTRIBUTES_TO_TOTAL:
        return np.zeros(predictions.num_rows, dtype=bool)
    texts = zip(predictions["status"].to_pylist(), predictions["raw_text"].to_pylist(), strict=True)
    return np.array([status == OK and total_is_last(_answer(text)) for status, text in texts], bool)


def _answer(text: str) -> str:
    """The text between the answer tags; empty where a judge of one's own writes none."""
    return text.partition("<answer>")[2].partition("</answer>")[0]


def _choices(truth: pa.Table, predictions: pa.Table) -> tuple[list[str], list[str | None], Array]:
    """Classes of right and given answers, and whether they agree.

    Where several answers are right and one of them was given, that one is the right one.
    """
    right: list[str] = []
    given: list[str | None] = []
    hits = np.zeros(truth.num_rows, dtype=bool)
    if pc.max(pc.list_value_length(truth["options"])).as_py() in (None, 0):
        return right, given, hits
    columns = (truth["accepted"], truth["options"], truth["classes"], predictions["answer"])
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    for index, (accepted, options, classes, answer) in enumerate(rows):
        of = dict(zip(options, classes, strict=True))
        hits[index] = answer in accepted
        right.append(of[answer if hits[index] else accepted[0]])
        given.append(None if answer is None else of[answer])
    return right, given, hits


def _floats(column: pa.ChunkedArray) -> Array:
    """NaN for null."""
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(float)


def _names(column: pa.ChunkedArray) -> list[str]:
    """Keys of the maps, in the order in which they are first met."""
    maps = column.combine_chunks()
    return [] if not len(maps) else list(pc.unique(maps.keys).to_pylist())


def _matrix(column: pa.ChunkedArray, names: Sequence[str]) -> Array:
    """Values (n, d) of the named keys, NaN where a row has none."""
    values = np.full((len(column), len(names)), np.nan)
    if not names or not len(column):
        return values
    maps = column.combine_chunks()
    pairs = maps.cast(pa.list_(pa.struct([maps.type.key_field, maps.type.item_field])))
    row = pc.list_parent_indices(pairs).to_numpy(zero_copy_only=False)
    flat = pairs.flatten()
    name = pc.index_in(flat.field(0), value_set=pa.array(list(names)))
    known = pc.is_valid(name).to_numpy(zero_copy_only=False)
    index = pc.fill_null(name, 0).to_numpy(zero_copy_only=False)
    values[row[known], index[known]] = flat.field(1).to_numpy(zero_copy_only=False)[known]
    return values
