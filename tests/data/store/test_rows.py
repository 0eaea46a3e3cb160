"""Rows against the schema, and the content hash of rows."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.store.rows import PRIMARY_KEYS, RowError, content_digest, stable_columns, to_table
from joppo.data.store.schema import TABLES

NUMBERS = st.none() | st.floats(-1, 1).map(lambda x: x + 0.0)  # without -0.0, equal to 0.0
SCORES = st.lists(
    st.fixed_dictionaries(
        {
            "judge": st.sampled_from(["a", "b", "ä"]),
            "image_id": st.text(max_size=3),
            "total": NUMBERS,
            "attributes": st.none() | st.dictionaries(st.text(max_size=2), NUMBERS, max_size=3),
            "parse_ok": st.booleans() | st.none(),
            "raw_text": st.text(max_size=4) | st.none(),
        }
    ),
    max_size=6,
    unique_by=lambda row: (row["judge"], row["image_id"]),
)


def digest(rows, table="scores"):
    return content_digest(table, to_table(table, rows))


def test_every_table_has_a_key_of_its_own_columns():
    assert PRIMARY_KEYS.keys() == TABLES.keys()
    for table, key in PRIMARY_KEYS.items():
        assert set(key) <= set(stable_columns(table))


@settings(deadline=None, max_examples=60)
@given(SCORES, st.randoms())
def test_digest_knows_no_order_of_rows_columns_keys_or_chunks(rows, random):
    shuffled = [dict(random.sample(list(row.items()), len(row))) for row in rows]
    for row in shuffled:
        if row["attributes"]:
            row["attributes"] = dict(reversed(row["attributes"].items()))
    random.shuffle(shuffled)
    assert digest(rows) == digest(shuffled)
    whole = to_table("scores", rows)
    cut = len(rows) // 2
    pieces = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    assert digest(rows) == digest(pieces) == content_digest("scores", pieces)


@settings(deadline=None, max_examples=60)
@given(SCORES, SCORES)
def test_digest_tells_different_rows_apart(rows, others):
    def as_set(scores):
        return sorted(to_table("scores", scores).to_pylist(), key=repr)

    assert (digest(rows) == digest(others)) == (as_set(rows) == as_set(others))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"total": None}, {"total": 0.0}),
        ({"raw_text": None}, {"raw_text": ""}),
        ({"attributes": None}, {"attributes": {}}),
        ({"attributes": {"a": None}}, {"attributes": {"a": 0.0}}),
        ({"raw_text": "ab", "explanation": ""}, {"raw_text": "b", "explanation": "a"}),
    ],
)
def test_digest_tells_null_empty_and_zero_apart(one, other):
    row = {"judge": "j", "image_id": "i"}
    assert digest([row | one]) != digest([row | other])


def test_zero_has_no_sign():
    row = {"judge": "j", "image_id": "i"}
    assert digest([row | {"total": 0.0}]) == digest([row | {"total": -0.0}])


def test_volatile_columns_do_not_enter_the_digest():
    row = {"request_id": "r", "latency_s": 1.0, "attempts": 1, "cost_usd": 0.5}
    same = row | {"latency_s": 7.0, "attempts": 3}
    assert digest([row], "responses") == digest([same], "responses")
    assert digest([row], "responses") != digest([row | {"cost_usd": 0.6}], "responses")


def test_what_lies_under_a_null_does_not_enter_the_digest():
    hidden = pa.Array.from_buffers(
        pa.float64(), 1, [pa.py_buffer(b"\0"), pa.py_buffer(b"\1\2\3\4\5\6\7\1")]
    )
    table = pa.table({"judge": ["j"], "image_id": ["i"], "total": hidden})
    assert digest(table) == digest([{"judge": "j", "image_id": "i", "total": None}])


def test_absent_columns_are_null_and_types_are_those_of_the_schema():
    made = to_table("labels", [{"dataset": "picd", "item": "1.jpg", "mos": 1}])
    assert made.schema.equals(TABLES["labels"])
    assert made.to_pylist()[0]["mos"] == 1.0
    assert made.to_pylist()[0]["categories"] is None


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        ("scores", {"scor": 1}, "row 1: unknown column 'scor'"),
        ("scores", {"total": "0.5"}, "row 1, column total"),
        ("scores", {"total": True}, "row 1, column total"),
        ("scores", {"total": float("nan")}, "column total: NaN"),
        ("scores", {"attributes": {"a": float("inf")}}, "column attributes: NaN"),
        ("scores", {"attributes": {"a": "x"}}, "row 1, column attributes"),
        ("scores", {"attributes": [1]}, "row 1, column attributes"),
        ("scores", {"attributes": [("a", 1), ("a", 2)]}, "row 1, column attributes"),
        ("scores", {"parse_ok": 1}, "row 1, column parse_ok"),
        ("scores", {"image_id": None}, "row 1, column image_id: null"),
        ("scores", {"raw_text": b"x"}, "row 1, column raw_text"),
        ("scores", {"raw_text": "\ud800"}, "column raw_text"),
        ("images", {"width": 1.5}, "row 1, column width"),
        ("images", {"width": 2**70}, "column width"),
        ("labels", {"categories": "ab"}, "row 1, column categories"),
        ("labels", {"categories": [1, "2"]}, "row 1, column categories"),
        ("sft_samples", {"messages": [{"role": "user", "text": "x"}]}, "row 1, column messages"),
    ],
)
def test_a_bad_row_is_named_by_table_row_and_column(table, row, words):
    good = dict.fromkeys(PRIMARY_KEYS[table], "x")
    with pytest.raises(RowError, match=words) as error:
        to_table(table, [good, good | row])
    assert f"table {table}" in str(error.value)


def test_arrow_tables_are_checked_as_dicts_are():
    with pytest.raises(RowError, match="unknown column 'extra'"):
        to_table("scores", pa.table({"judge": ["j"], "image_id": ["i"], "extra": [1]}))
    with pytest.raises(RowError, match="column total"):
        to_table("scores", pa.table({"judge": ["j"], "image_id": ["i"], "total": ["1"]}))
    made = to_table("scores", pa.table({"judge": ["j"], "image_id": ["i"], "total": [1]}))
    assert made.schema.equals(TABLES["scores"])


def test_rows_that_were_read_can_be_written_again():
    row = {"judge": "j", "image_id": "i", "attributes": {"b": 1.0, "a": None}}
    made = to_table("scores", [row])
    for again in (made.to_pylist(), made.to_pylist(maps_as_pydicts="strict"), made):
        assert to_table("scores", again).equals(made)


def test_an_unknown_table_is_named():
    with pytest.raises(ValueError, match="no table 'imges'; there are: images"):
        to_table("imges", [])
