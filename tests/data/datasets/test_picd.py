"""PICD: several labels a row, the id that stands twice, names that must not be trusted."""

import subprocess
import sys
import time

import pytest

from joppo.data.datasets import DatasetFormatError, Reject
from joppo.data.datasets.picd import read_picd
from joppo.data.datasets.summary import summarize
from tests.data.datasets.reading import FIXTURES, sort_out
from tests.paths import ROOT

UGLY = FIXTURES / "picd" / "labels_PICD.csv"


def test_labels_are_keyed_by_category_id_alone():
    labels, _ = sort_out(read_picd(UGLY))
    assert {item: label.categories for item, label in labels.items()} == {
        "000001.jpg": (8,),
        "000002.jpg": (21,),
        "000009.jpg": (13, 8),
        "048594.jpg": (13, 8),
        "048939.jpg": (3, 12, 8),
    }
    assert (labels["048594.jpg"].element, labels["048594.jpg"].arrangement) == ("line", "vertical")
    assert all(label.perspective is None and label.split is None for label in labels.values())


def test_each_unusable_row_has_its_reason():
    _, reasons = sort_out(read_picd(UGLY))
    assert reasons == {
        "labels_PICD.csv:4": "duplicate_id",
        "labels_PICD.csv:7": "unsafe_path",
        "labels_PICD.csv:8": "unsafe_path",
        "labels_PICD.csv:9": "unsafe_path",
        "labels_PICD.csv:10": "unsafe_path",
        "labels_PICD.csv:11": "missing_id",
        "labels_PICD.csv:12": "unknown_category",
        "labels_PICD.csv:13": "missing_value",
        "labels_PICD.csv:14": "bad_category",
        "labels_PICD.csv:15": "repeated_category",
        "labels_PICD.csv:16": "wrong_column_count",
        "labels_PICD.csv:18": "wrong_column_count",
    }


def test_the_duplicate_is_reported_with_both_label_sets():
    rejects = [result for result in read_picd(UGLY) if isinstance(result, Reject)]
    detail = rejects[0].detail
    assert "048594.jpg has categories 17 here and 13,8 in line 5, which is kept" in detail


def test_an_unusable_duplicate_does_not_displace_a_usable_row(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("img_id,category_id\n1.jpg,8\n1.jpg,99\n")
    labels, reasons = sort_out(read_picd(path))
    assert labels["1.jpg"].categories == (8,)
    assert reasons == {"labels.csv:3": "unknown_category"}


def test_a_missing_column_is_one_error_with_file_problem_and_remedy(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("img_id;category_id\n000001.jpg;8\n")
    with pytest.raises(DatasetFormatError) as error:
        list(read_picd(path))
    assert str(path) in str(error.value)
    assert "no column img_id, category_id (its first line is 'img_id;category_id')" in str(
        error.value
    )
    assert error.value.remedy


def test_the_published_file_reads_quickly_in_little_memory(real_data):
    path = real_data / "picd" / "labels_PICD.csv"
    start = time.process_time()
    summary = summarize(read_picd(path))
    assert time.process_time() - start < 10
    assert summary.labels == 49_123
    assert summary.multi_label == 530
    assert summary.rejects == {"duplicate_id": 1}
    assert summary.categories[21] == 2_382
    assert sum(summary.categories.values()) == 49_123 + 530 + 1


def test_the_published_file_needs_little_memory(real_data):
    # Not ru_maxrss: a child starts with the peak of the process that it was forked from.
    code = (
        "import re, sys; from pathlib import Path; from joppo.data.datasets import read\n"
        "count = sum(1 for _ in read('picd', sys.argv[1]))\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(count, int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)"
    )
    path = str(real_data / "picd" / "labels_PICD.csv")
    command = [sys.executable, "-c", code, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    count, megabytes = map(int, done.stdout.split())
    assert count == 49_124 and megabytes < 500
