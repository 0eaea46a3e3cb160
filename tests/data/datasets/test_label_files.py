"""Text files of all the wrong kinds."""

import pickle

import pytest

from joppo.data.datasets import READERS, DatasetFormatError, read
from joppo.data.datasets.base import BadRowError
from joppo.data.datasets.label_files import csv_rows


def rows_of(tmp_path, content: bytes, required=("a", "b")):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    return list(csv_rows(path, required))


def test_rows_are_numbered_by_line_with_quotes_blanks_bom_and_line_ends(tmp_path):
    content = b'\xef\xbb\xbf a ,b,c\r\n1,"two\r\nlines",3\r\n\r\n4,5,\xc3\xa9\r\n'
    assert rows_of(tmp_path, content) == [
        (2, {"a": "1", "b": "two\r\nlines", "c": "3"}),
        (5, {"a": "4", "b": "5", "c": "é"}),
    ]


def test_rows_of_another_length_are_told_apart_from_good_ones(tmp_path):
    rows = rows_of(tmp_path, b"a,b\n1\n1,2\n1,2,3\n")
    assert [isinstance(row, BadRowError) for _, row in rows] == [True, False, True]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"a,c\n", "has no column b"),
        (b"a,b,a\n", "has column a twice"),
        (b"a,b\n1,\xff\n", r"is not UTF-8 text \(byte 0xff\)"),
        ("a,b\n".encode("utf-16"), "is not UTF-8 text"),
        (b'a,b\n1,"open\n2,3\n', "is not CSV at line 3"),
        (b"a,b\n1," + b"x" * 200_000, "is not CSV at line 2"),
        (b"\x89PNG\r\n\x1a\n\x00", "is not UTF-8 text"),
    ],
)
def test_what_is_no_csv_is_one_error(tmp_path, content, problem):
    with pytest.raises(DatasetFormatError, match=problem):
        rows_of(tmp_path, content)


@pytest.mark.parametrize("kind", READERS.names)
def test_every_reader_names_a_missing_file(tmp_path, kind):
    with pytest.raises(DatasetFormatError) as error:
        list(read(kind, tmp_path / "AVA_none"))
    assert str(tmp_path) in str(error.value) and error.value.remedy


@pytest.mark.parametrize("kind", READERS.names)
def test_every_reader_refuses_bytes_that_are_no_text(tmp_path, kind):
    for name in ("AVA_test.json", "imgListTrainRegression_score.txt", "split.json", "train.csv"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0JFIF")
    folder = kind in ("aadb", "cadb", "tad66k")
    with pytest.raises(DatasetFormatError, match="is not UTF-8 text"):
        list(read(kind, tmp_path if folder else tmp_path / "AVA_test.json"))


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(ValueError, match="no reader 'flickr'; there are: aadb, ava"):
        read("flickr", "x")


def test_errors_cross_process_borders():
    error = pickle.loads(pickle.dumps(DatasetFormatError("f.csv", "is empty", "Fill it")))
    assert str(error) == "f.csv: is empty. Fill it"
    assert pickle.loads(pickle.dumps(BadRowError("a", "b"))).reason == "a"
