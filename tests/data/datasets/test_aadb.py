"""AADB: one list for each split and attribute."""

import shutil

import pytest

from joppo.data.datasets import DatasetFormatError
from joppo.data.datasets.aadb import read_aadb
from tests.data.datasets.reading import FIXTURES, sort_out

UGLY = FIXTURES / "aadb"


def test_scores_attributes_and_splits_come_together():
    labels, _ = sort_out(read_aadb(UGLY))
    assert {item: (label.mos, label.split) for item, label in labels.items()} == {
        "farm1_1_a.jpg": (0.65, "test"),
        "farm2_1_a.jpg": (0.0, "validation"),
        "farm3_1_a.jpg": (1.0, "test"),
        "farm1_5_e.jpg": (0.3, "train"),
        "name with space.jpg": (0.2, "train"),
    }
    assert labels["farm1_5_e.jpg"].attributes == {"depth_of_field": 0.4, "symmetry": 0.4}
    assert labels["name with space.jpg"].attributes == {"depth_of_field": -0.4}


def test_each_unusable_line_has_its_reason():
    _, reasons = sort_out(read_aadb(UGLY))
    train = "imgListTrainRegression"
    assert reasons == {
        f"{train}_DoF.txt:3": "duplicate_id",
        f"{train}_DoF.txt:5": "wrong_column_count",
        f"{train}_Symmetry.txt:2": "out_of_range",
        f"{train}_score.txt:1": "duplicate_id",
        f"{train}_score.txt:3": "out_of_range",
        f"{train}_score.txt:4": "wrong_column_count",
        f"{train}_score.txt:5": "duplicate_id",
        f"{train}_score.txt:7": "unsafe_path",
        f"{train}_score.txt:8": "not_a_number",
        f"{train}_score.txt:nobody.jpg": "missing_score",
    }


def test_the_folder_may_be_nested_in_itself(tmp_path):
    shutil.copytree(UGLY, tmp_path / "imgListFiles_label")
    assert sort_out(read_aadb(tmp_path)) == sort_out(read_aadb(UGLY))


def test_other_folders_and_lists_are_one_error(tmp_path):
    with pytest.raises(DatasetFormatError, match=r"holds no imgList<split>_score\.txt"):
        list(read_aadb(tmp_path))
    (tmp_path / "imgListTrainRegression_score.txt").write_text("file\n")
    with pytest.raises(DatasetFormatError, match="is not a list of"):
        list(read_aadb(tmp_path))
