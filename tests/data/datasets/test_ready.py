"""Ready test labels, and the real lists of three benchmarks."""

import json

import pytest

from joppo.data.datasets import DatasetFormatError
from joppo.data.datasets.ready import read_ready
from joppo.data.datasets.summary import summarize
from tests.data.datasets.reading import FIXTURES, sort_out

UGLY = FIXTURES / "ready" / "PARA_test.json"


def test_dataset_scale_and_split_come_from_the_name():
    labels, _ = sort_out(read_ready(UGLY))
    assert {item: label.mos for item, label in labels.items()} == {
        "session144/iaa_pub10022_.jpg": 0.5,
        "text.jpg": 0.875,
    }
    assert {(label.dataset, label.split) for label in labels.values()} == {("para", "test")}


def test_each_unusable_record_has_its_reason():
    _, reasons = sort_out(read_ready(UGLY))
    assert list(reasons.values()) == [
        "out_of_range",
        "not_finite",
        "not_a_number",
        "not_finite",
        "missing_value",
        "missing_value",
        "bad_id",
        "unsafe_path",
        "unsafe_path",
        "unsafe_path",
        "repeated_key",
        "not_an_object",
        "duplicate_id",
    ]
    assert list(reasons) == [f"PARA_test.json:{record}" for record in range(3, 16)]


def test_another_benchmark_states_its_scale(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([{"image": "a.jpg", "gt_score": 75}]))
    with pytest.raises(DatasetFormatError, match="scale of 'mine' is unknown"):
        list(read_ready(path))
    labels, _ = sort_out(read_ready(path, dataset="other", scale=(0, 100), split="validation"))
    label = labels["a.jpg"]
    assert (label.dataset, label.mos, label.split) == ("other", 0.75, "validation")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not JSON"),
        (b'{"image": "a.jpg"}', "is not a JSON array"),
        (b'"text"', "is not a JSON array"),
        (b"[1" + b"0" * 5000 + b"]", "is not JSON"),
        (b"\xff\xfe[\x00]\x00", r"is not UTF-8 text \(byte 0xff\)"),
    ],
)
def test_another_file_is_one_error(tmp_path, content, problem):
    path = tmp_path / "AVA_test.json"
    path.write_bytes(content)
    with pytest.raises(DatasetFormatError, match=problem):
        list(read_ready(path))


@pytest.mark.parametrize(
    ("name", "rows", "ends"),
    [
        ("AVA_test.json", 19_930, (2.07, 8.3)),
        ("PARA_test.json", 3_000, (1.16, 4.3)),
        ("TAD66K_test.json", 14_079, (1.39, 9.28)),
    ],
)
def test_the_published_lists_read_whole(real_data, name, rows, ends):
    summary = summarize(read_ready(real_data / "iaa" / name))
    assert (summary.labels, summary.scored, summary.mos_range) == (rows, rows, ends)
    assert summary.splits == {"test": rows} and not summary.rejects
