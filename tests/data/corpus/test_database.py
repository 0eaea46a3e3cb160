"""Tables and views of a snapshot: what is kept, in which order, and what the views count."""

import random
from pathlib import Path

import duckdb
import pytest

from joppo.data.corpus.database import build_database
from joppo.data.corpus.views import VIEWS
from joppo.data.store.hashing import content_hash
from joppo.data.store.rows import to_table
from joppo.data.store.schema import TABLES
from joppo.data.taxonomy.categories import CATEGORIES
from tests.data.corpus_rows import image_row, sample_row

SNAPSHOT = {"version": "v", "schema_version": 1, "config_hash": "c", "inputs": {}, "parents": []}


def build(path: Path, **rows) -> duckdb.DuckDBPyConnection:
    build_database(path, {t: [to_table(t, r)] for t, r in rows.items()}, SNAPSHOT)
    return duckdb.connect(str(path), read_only=True)


def records(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    return con.sql(sql).to_arrow_table().to_pylist(maps_as_pydicts="strict")


def test_an_empty_corpus_has_every_table_view_and_category(tmp_path):
    with build(tmp_path / "c.duckdb") as con:
        for name in [*TABLES, *VIEWS]:
            if name != "category_balance":
                assert records(con, f"SELECT * FROM {name}") == []
        balance = records(con, "FROM category_balance")
        assert len(balance) == 24 and balance[0]["share_before"] is None
        names = con.sql("SELECT id, name, element FROM categories ORDER BY id").fetchall()
        assert names == [(c.id, c.name, c.element) for c in CATEGORIES.values()]
        assert list(tmp_path.iterdir()) == [tmp_path / "c.duckdb"]


def test_every_column_and_view_is_documented_in_the_file(tmp_path):
    with build(tmp_path / "c.duckdb") as con:
        docs = con.sql("SELECT comment FROM duckdb_columns() WHERE table_name = 'labels'")
        assert [d for (d,) in docs.fetchall()] == [
            f.metadata[b"doc"].decode() for f in TABLES["labels"]
        ]
        silent = con.sql(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
        )
        assert silent.fetchall() == []


def test_equal_rows_are_one_and_conflicts_are_reported(tmp_path):
    twin = image_row("a", item="z.jpg", width=None)
    responses = [
        {"request_id": "r", "latency_s": 2.0, "attempts": 1},
        {"request_id": "r", "latency_s": 1.0, "attempts": 1},
    ]
    with build(
        tmp_path / "c.duckdb",
        images=[image_row("b"), image_row("a"), image_row("b"), twin],
        responses=responses,
    ) as con:
        kept = records(con, "SELECT item, width FROM images ORDER BY item")
        assert kept == [{"item": "a.jpg", "width": 4}, {"item": "b.jpg", "width": 4}]
        assert records(con, "FROM rejects") == [
            {
                "stage": "publish",
                "item": f"images: {content_hash('a')}",
                "reason": "conflicting_rows",
                "detail": "rows of one image_id differ in item, width; "
                "the first in the order of all columns is kept",
            }
        ]
        # Times alone are no conflict.
        assert records(con, "SELECT latency_s FROM responses") == [{"latency_s": 1.0}]


def test_equal_rejects_are_one(tmp_path):
    reject = {"stage": "read", "item": "x", "reason": "no_image", "detail": "d"}
    with build(tmp_path / "c.duckdb", rejects=[reject, reject, reject | {"detail": "e"}]) as con:
        assert [r["detail"] for r in records(con, "FROM rejects")] == ["d", "e"]


def test_labels_without_a_photo_are_kept(tmp_path):
    labels = [{"dataset": "picd", "item": str(n), "image_id": None} for n in range(3)]
    with build(tmp_path / "c.duckdb", labels=labels) as con:
        assert [r["item"] for r in records(con, "FROM labels")] == ["0", "1", "2"]


def test_order_of_rows_and_shards_does_not_show(tmp_path):
    rows = [image_row(str(n), origin=f"o{n % 3}") for n in range(40)]
    rows += [image_row(str(n), origin="other") for n in range(5)]
    contents = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        with build(tmp_path / f"{seed}.duckdb", images=rows) as con:
            contents.append([con.sql(f"FROM {t}").fetchall() for t in ("images", "rejects")])
    assert contents[0] == contents[1]


def corpus(path: Path) -> duckdb.DuckDBPyConnection:
    """Photo a (category 1, also 5), photo b (5), c synthesized from b, d a rejected attempt."""
    a, b, c, d = (content_hash(n) for n in "abcd")
    attempt = {"parent_image_id": b, "category": 5, "control": "canny"}
    return build(
        path,
        images=[
            image_row("a"),
            image_row("b", split="test"),
            image_row("c", origin="synthetic", parent_image_id=b),
        ],
        labels=[
            {"image_id": a, "dataset": "picd", "item": "a.jpg", "categories": [1, 5]},
            {"image_id": a, "dataset": "cadb", "item": "x.jpg", "mos": 0.5},
            {"image_id": b, "dataset": "picd", "item": "b.jpg", "categories": [5]},
            {"image_id": None, "dataset": "picd", "item": "lost.jpg", "categories": [1]},
            {"image_id": c, "dataset": "synthetic", "item": "c", "categories": [5]},
        ],
        syntheses=[
            attempt | {"attempt_id": "1", "image_id": c, "edge_f1": 0.8, "accepted": True},
            attempt
            | {
                "attempt_id": "2",
                "image_id": d,
                "edge_f1": 0.2,
                "accepted": False,
                "reason": "edges_lost",
            },
        ],
        responses=[
            {
                "request_id": content_hash("request", n),
                "image_id": content_hash(n),
                "provider": p,
                "model": "m",
                "status": "ok",
                "prompt_tokens": 10,
                "cost_usd": 0.5,
            }
            for n, p in (("a", "gemini"), ("c", "openai"))
        ]
        + [
            {
                "request_id": "r3",
                "image_id": a,
                "provider": "openai",
                "model": "m",
                "status": "refused",
                "cost_usd": 0.25,
            },
            {"request_id": "r4", "image_id": a, "provider": "openai", "model": "m", "status": "ok"},
        ],
        reasonings=[
            {
                "request_id": content_hash("request", n),
                "image_id": content_hash(n),
                "task": "composition",
                "answer": "C",
                "agrees_with_label": agrees,
                "accepted": agrees,
            }
            for n, agrees in (("a", False), ("c", True))
        ]
        + [
            {
                "request_id": "r4",
                "image_id": a,
                "task": "composition",
                "answer": "D",
                "agrees_with_label": None,
                "accepted": False,
            }
        ],
        sft_samples=[sample_row("c")],
        preferences=[{"image_id": b, "task": "score", "prompt": "p", "split": "train"}],
        rejects=[
            {"stage": "gate", "item": n, "reason": "edges_lost", "detail": f"d{n}"} for n in "21"
        ],
        scores=[{"judge": "j", "image_id": a, "total": 0.75}],
    )


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with corpus(tmp_path_factory.mktemp("views") / "c.duckdb") as con:
        yield con


def test_category_balance(con):
    rows = {row["category"]: row for row in records(con, "FROM category_balance")}
    one, five = rows[1], rows[5]
    assert (one["labelled"], one["before"], one["after"]) == (2, 1, 1)
    assert (five["real"], five["attempted"], five["accepted"], five["after"]) == (2, 2, 1, 3)
    assert (five["share_before"], five["share_after"]) == (2 / 3, 3 / 4)
    assert rows[24]["labelled"] == 0 and rows[24]["share_after"] == 0


def test_photos_have_the_label_of_their_own_dataset(con):
    rows = records(con, "SELECT item, label_dataset, categories, mos FROM photos ORDER BY item")
    assert rows[0] == {
        "item": "a.jpg",
        "label_dataset": "picd",
        "categories": [1, 5],
        "mos": None,
    }
    assert [row["label_dataset"] for row in rows] == ["picd", "picd", "synthetic"]


def test_synthesis_yield(con):
    (row,) = records(con, "FROM synthesis_yield")
    assert (row["category"], row["control"], row["attempts"], row["accepted"]) == (5, "canny", 2, 1)
    assert row["rate"] == 0.5 and row["mean_edge_f1"] == pytest.approx(0.5)
    assert row["mean_edge_f1_accepted"] == 0.8 and row["most_frequent_reason"] == "edges_lost"


def test_teacher_cost(con):
    gemini, openai = records(con, "FROM teacher_cost")
    assert (gemini["accepted"], gemini["usd_per_accepted"]) == (0, None)
    assert (openai["requests"], openai["ok"], openai["refused"]) == (3, 2, 1)
    assert (openai["cost_usd"], openai["usd_per_accepted"]) == (0.75, 0.75)


def test_teacher_agreement(con):
    gemini, openai = records(con, "FROM teacher_agreement")
    assert (gemini["answers"], gemini["agreement"], gemini["acceptance"]) == (1, 0.0, 0.0)
    assert (openai["answers"], openai["with_label"], openai["agreement"]) == (2, 1, 1.0)
    (pair,) = records(con, "FROM teacher_pairs")
    assert (pair["teacher_a"], pair["teacher_b"], pair["same"]) == ("gemini:m", "openai:m", 0.0)


def test_label_conflicts(con):
    (row,) = records(con, "FROM label_conflicts")
    assert (row["provider"], row["answer"], row["categories"]) == ("gemini", "C", [1, 5])


def test_lineage_goes_from_the_sample_to_the_label(con):
    (row,) = records(con, "FROM lineage")
    assert row["sample_id"] == sample_row("c")["sample_id"]
    assert (row["provider"], row["reasoning_accepted"]) == ("openai", True)
    assert (row["origin"], row["attempt_id"], row["control"]) == ("synthetic", "1", "canny")
    assert (row["parent_item"], row["parent_image_id"]) == ("b.jpg", content_hash("b"))
    assert row["categories"] == [5]


def test_reject_reasons(con):
    assert records(con, "FROM reject_reasons") == [
        {
            "stage": "gate",
            "reason": "edges_lost",
            "items": 2,
            "example": "1",
            "example_detail": "d1",
        }
    ]


def test_split_sizes_and_leaks(con):
    sizes = records(con, "FROM split_sizes WHERE \"table\" = 'images'")
    assert [(row["split"], row["rows"]) for row in sizes] == [("test", 1), ("train", 2)]
    leaks = records(con, "SELECT through, split, other_split FROM split_leaks")
    assert leaks == [
        {"through": "parent", "split": "train", "other_split": "test"},
        {"through": "preference", "split": "test", "other_split": "train"},
    ]


def test_judge_errors(con):
    (row,) = records(con, "FROM judge_errors")
    assert (row["total"], row["mos"], row["error"]) == (0.75, None, None)


def test_photos_join_labels_without_comparing_every_pair(tmp_path):
    rows = [image_row(str(n), origin=("picd", "cadb")[n % 2]) for n in range(5000)]
    labels = [
        {"image_id": row["image_id"], "dataset": d, "item": row["item"], "categories": [1]}
        for row in rows
        for d in ("picd", "cadb")
    ]
    with build(tmp_path / "c.duckdb", images=rows, labels=labels) as con:
        assert con.sql("SELECT count(*) FROM photos").fetchall() == [(5000,)]
        wrong = "SELECT count(*) FROM photos WHERE label_dataset <> origin"
        assert con.sql(wrong).fetchall() == [(0,)]
        plan = con.sql("EXPLAIN FROM photos").fetchall()[0][1]
        assert "NESTED_LOOP" not in plan and "BLOCKWISE" not in plan
