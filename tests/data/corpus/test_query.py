"""SQL on a snapshot, and results as CSV, JSON and Parquet."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from joppo.data.corpus.publish import CorpusNotFoundError, publish
from joppo.data.corpus.query import QueryError, run_query, write_table
from joppo.data.store.store import Store
from tests.data.corpus_rows import small_corpus


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    store = Store(tmp_path_factory.mktemp("query"))
    publish(store, small_corpus(store), config_hash="c", inputs={})
    return store


def written(table: pa.Table, format: str) -> str:
    out = io.BytesIO()
    write_table(table, format, out)
    return out.getvalue().decode()


def test_a_query_gives_rows(store):
    result = run_query(store, "SELECT item, categories FROM photos ORDER BY item")
    assert result.to_pylist()[1] == {"item": "b.jpg", "categories": [2]}


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM imges", "Did you mean: images"),
        ("SELECT * FROM category_balanc", "Did you mean: category_balance"),
        ("SELECT * FROM quite_another", "Tables: images"),
        ("SELECT imge_id FROM images", 'Candidate bindings: .*"image_id"'),
        ("SELEC 1", "syntax error.*\n[^$]*Views: photos"),
        ("DELETE FROM images", "read-only"),
        ("CREATE TABLE x AS SELECT 1", "read-only"),
        ("SELECT * FROM sql", "Table with name sql does not exist"),
        ("SELECT 'a'::INT", "Conversion Error"),
    ],
)
def test_bad_sql_is_explained(store, sql, words):
    with pytest.raises(QueryError, match=words) as error:
        run_query(store, sql)
    assert "pg_" not in str(error.value)
    assert "Views: photos, category_balance" in str(error.value)


def test_a_statement_without_rows_gives_an_empty_table(store):
    assert run_query(store, "SET threads = 1").num_rows == 0


def test_no_corpus_says_what_to_run(tmp_path):
    with pytest.raises(CorpusNotFoundError, match="joppo demo"):
        run_query(Store(tmp_path), "SELECT 1")


def test_json_holds_lists_maps_sums_and_nulls(store):
    sql = """SELECT item, categories, MAP {'a': 0.5::DOUBLE} AS m, sum(width) OVER () AS total,
             NULL AS nothing, 'NaN'::DOUBLE AS nan, DATE '2024-05-06' AS day, 1.25 AS price
             FROM photos ORDER BY item"""
    rows = json.loads(written(run_query(store, sql), "json"))
    assert rows[0] == {
        "item": "a.jpg",
        "categories": [1],
        "m": {"a": 0.5},
        "total": 12,
        "nothing": None,
        "nan": None,
        "day": "2024-05-06",
        "price": 1.25,
    }
    assert json.loads(written(run_query(store, "FROM scores"), "json")) == []


def test_csv_holds_nested_values_as_json(store):
    text = written(run_query(store, "SELECT item, categories, mos FROM photos ORDER BY 1"), "csv")
    assert text.splitlines()[:2] == ['"item","categories","mos"', '"a.jpg","[1]",0']
    messages = run_query(store, "SELECT messages FROM sft_samples LIMIT 1")
    assert '""role"": ""user""' in written(messages, "csv")


def test_parquet_comes_back_as_it_was(store, tmp_path):
    result = run_query(store, "FROM sft_samples")
    write_table(result, "parquet", tmp_path / "deep" / "out.parquet")
    assert pq.read_table(tmp_path / "deep" / "out.parquet").to_pylist() == result.to_pylist()
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["out.parquet"]


def test_an_unknown_format_is_named(store, tmp_path):
    with pytest.raises(ValueError, match="no format 'xml'; there are: csv, json, parquet"):
        write_table(pa.table({"a": [1]}), "xml", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
