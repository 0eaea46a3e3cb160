"""Ranks, and the files that ranked photos are written to."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import PhotoFile
from joppo.data.store.files import FileStore
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.scoring.rows import ScoreRow
from joppo.training.scoring.score import Scored
from joppo.training.scoring.score_files import Ranked, rank, write_scores

RUBRIC = load_rubric()
NASTY = 'a,"b"\nc; =1+1 ünï.jpg'


def scored(name: str, total: float | None, words: str = "fine") -> Scored:
    row = {
        "judge": "j@1",
        "prompt_id": "p",
        "image_id": f"{name}-id",
        "total": total,
        "spread": None,
        "samples": int(total is not None),
        "explanation": words,
        "raw_text": f"<think>{words}",
        "attributes": {} if total is None else dict.fromkeys(RUBRIC.names, total / 2),
        "parse_ok": total is not None,
        "reason": None if total is not None else "missing_tag",
    }
    return Scored(PhotoFile(name, Path(name)), ScoreRow(**row))


def test_best_first_ties_share_a_rank_failures_last() -> None:
    found = rank(
        [scored("d", None), scored("b", 0.5), scored("c", 0.9), scored("a", 0.5), scored("e", 0.1)]
    )
    assert [(one.rank, one.name) for one in found] == [
        (1, "c"),
        (2, "a"),
        (2, "b"),
        (4, "e"),
        (None, "d"),
    ]


def test_a_calibration_changes_what_is_shown_and_not_the_row() -> None:
    (one,) = rank([scored("a", 0.4)], lambda total: total / 2)
    assert (one.shown, one.calibrated, one.row.total) == (0.2, 0.2, 0.4)


def write(tmp_path: Path, ranked: list[Ranked]) -> Path:
    rejects = [Reject("score", NASTY, "empty_file", 'copy it, "again"')]
    names = write_scores(FileStore(tmp_path), ranked, rejects, RUBRIC)
    assert names == ["scores.parquet", "scores.csv", "scores.json", "rejects.csv"]
    return tmp_path


def test_the_three_files_say_the_same(tmp_path: Path) -> None:
    ranked = rank([scored(NASTY, 0.5, 'two\nlines, "quoted"'), scored("b", None)], lambda t: 0.25)
    folder = write(tmp_path, ranked)
    table = pq.read_table(folder / "scores.parquet").to_pylist(maps_as_pydicts="strict")
    document = json.loads((folder / "scores.json").read_text())
    assert document["scores"] == [{**row} for row in table]
    rows = list(csv.DictReader(io.StringIO((folder / "scores.csv").read_text(), newline="")))
    for row, whole in zip(rows, table, strict=True):
        assert (row["file"], row["explanation"]) == (whole["file"], whole["explanation"])
        assert [row[n] for n in RUBRIC.names] == [
            "" if not whole["parse_ok"] else str(whole["attributes"][n]) for n in RUBRIC.names
        ]
    assert rows[0]["calibrated"] == "0.25" and rows[1]["total"] == ""
    rejects = list(csv.DictReader(io.StringIO((folder / "rejects.csv").read_text(), newline="")))
    assert rejects == document["rejects"] and rejects[0]["item"] == NASTY
    assert document["judge"] == "j@1" and document["rubric"] == "photography"


def test_none_at_all(tmp_path: Path) -> None:
    folder = write(tmp_path, [])
    assert pq.read_table(folder / "scores.parquet").num_rows == 0
    assert json.loads((folder / "scores.json").read_text())["scores"] == []
