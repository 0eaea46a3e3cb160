"""Figures of finished evaluations, read from a store."""

import pyarrow as pa
import pyarrow.parquet as pq

from joppo.data.store.store import Store, StoreError
from joppo.training.evaluation.results import RESULTS

FOLDER = "evaluations/results"
VIEW = "evaluation_results"
"""Name under which `joppo query` shows all evaluations of a store."""


def all_results(store: Store) -> pa.Table:
    """`RESULTS` of every evaluation of a store, with its key in the column `evaluation`.

    Raises:
        StoreError: the store cannot be read, or a file is damaged.
    """
    schema = RESULTS.insert(0, pa.field("evaluation", pa.string()))
    found = [schema.empty_table()]
    for key in store.names(FOLDER):
        rows = read_results(store, key)
        names = pa.array([key] * rows.num_rows, pa.string())
        found.append(rows.add_column(0, "evaluation", names).cast(schema))
    return pa.concat_tables(found)


def read_results(store: Store, key: str) -> pa.Table:
    """`RESULTS` of one evaluation.

    Raises:
        FileNotFoundError: there is none of that key.
        StoreError: the file is damaged.
    """
    uri = f"{FOLDER}/{key}/results.parquet"
    try:
        return pq.read_table(pa.BufferReader(store.read_bytes(uri))).select(RESULTS.names)
    except (pa.ArrowException, KeyError) as error:
        raise StoreError(
            f"{uri} in store {store.root} is damaged ({error}): delete it and evaluate again, no "
            "judge is asked for that"
        ) from error
