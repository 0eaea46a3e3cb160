"""Earlier scores of a judge: rows in shards of the store, found again by any later run.

A row is identified by the judge's name, the hash of the prompt and the sha256 of the photo. Shards
are immutable and named by their content, so two runs may write at the same time. A run that is
killed loses at most the rows of the last seconds.
"""

import time
from collections.abc import Iterable

import pyarrow.compute as pc
import pyarrow.parquet as pq

from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store
from joppo.training.scoring.rows import ScoreRow

FLUSH_ROWS = 64
FLUSH_S = 5.0
TABLE = "scores"


class ScoreCache:
    """Rows of one judge and prompt in a store. `add` writes from time to time, `flush` at once."""

    def __init__(self, store: Store, judge: str, prompt_id: str) -> None:
        self.store, self.judge, self.prompt_id = store, judge, prompt_id
        self.prefix = f"score-{content_hash(judge, prompt_id)[:SHORT]}"
        self._unwritten: list[ScoreRow] = []
        self._flushed = time.monotonic()
        self._rows_by_photo = {row.image_id: row for row in self._read()}

    def __len__(self) -> int:
        return len(self._rows_by_photo)

    def get(self, image_id: str) -> ScoreRow | None:
        """The row of a photo that any run has scored before."""
        return self._rows_by_photo.get(image_id)

    def add(self, row: ScoreRow) -> None:
        """Keep a row. It is written together with others: once `FLUSH_ROWS` rows are waiting, or
        with the first row that is added more than `FLUSH_S` seconds after the last write."""
        self._rows_by_photo[row.image_id] = row
        self._unwritten.append(row)
        late = time.monotonic() - self._flushed > FLUSH_S
        if len(self._unwritten) >= FLUSH_ROWS or late:
            self.flush()

    def flush(self) -> None:
        """Write the rows that are not on disk yet as one shard.

        Raises:
            StoreError: the store cannot be written.
        """
        rows, self._unwritten = self._unwritten, []
        if rows:
            name = self.shard_name(row.image_id for row in rows)
            self.store.write_shard(TABLE, name, [row.columns() for row in rows])
        self._flushed = time.monotonic()

    def shard_name(self, image_ids: Iterable[str]) -> str:
        """Key of the shard of these photos."""
        return f"{self.prefix}-{content_hash(sorted(image_ids))[:SHORT]}"

    def _read(self) -> list[ScoreRow]:
        names = self.store.names(f"shards/{TABLE}")
        own = [name for name in names if name.startswith(self.prefix)]
        return [row for name in own for row in self._rows(f"shards/{TABLE}/{name}")]

    def _rows(self, uri: str) -> list[ScoreRow]:
        import pyarrow as pa

        table = pq.read_table(pa.BufferReader(self.store.read_bytes(uri)), use_threads=False)
        same = pc.and_(
            pc.equal(table["judge"], self.judge), pc.equal(table["prompt_id"], self.prompt_id)
        )
        rows = table.filter(same).to_pylist(maps_as_pydicts="strict")
        return [ScoreRow.from_columns(row) for row in rows]
