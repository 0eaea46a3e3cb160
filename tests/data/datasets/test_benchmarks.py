"""The out-of-domain benchmarks PARA, TAD66K and AVA."""

import pytest

from joppo.data.datasets import DatasetFormatError
from joppo.data.datasets.ava import read_ava
from joppo.data.datasets.para import read_para
from joppo.data.datasets.tad66k import read_tad66k
from tests.data.datasets.reading import FIXTURES, sort_out

AVA = FIXTURES / "ava" / "AVA.txt"


def test_para_maps_its_scores_to_the_rubric():
    labels, _ = sort_out(read_para(FIXTURES / "para"))
    assert set(labels) == {
        "session1/iaa_pub1_.jpg",
        "session2/iaa_pub1_.jpg",
        "session9/iaa_pub9_.jpg",
    }
    label = labels["session2/iaa_pub1_.jpg"]
    assert (label.mos, label.mos_raw, label.split, label.raters) == (1.0, 5.0, "train", None)
    assert label.attributes == {
        "composition": 1.0,
        "color": -1.0,
        "depth_of_field": 0.0,
        "light": 0.5,
        "content": -0.5,
        "quality": 0.25,
    }


def test_para_keeps_a_photo_of_both_parts_in_test():
    labels, reasons = sort_out(read_para(FIXTURES / "para"))
    label = labels["session1/iaa_pub1_.jpg"]
    assert (label.split, label.mos, label.raters) == ("test", 0.5, 9)
    assert reasons == {
        "PARA-GiaaTrain.csv:2": "duplicate_id",
        "PARA-GiaaTrain.csv:4": "out_of_range",
        "PARA-GiaaTrain.csv:5": "not_finite",
        "PARA-GiaaTrain.csv:6": "missing_value",
        "PARA-GiaaTrain.csv:7": "missing_value",
        "PARA-GiaaTrain.csv:8": "unsafe_path",
        "PARA-GiaaTrain.csv:9": "out_of_range",
    }


def test_para_reads_one_of_its_files_alone():
    labels, _ = sort_out(read_para(FIXTURES / "para" / "PARA-GiaaTrain.csv"))
    assert labels["session1/iaa_pub1_.jpg"].split == "train"


def test_tad66k_takes_the_split_from_the_file_name(tmp_path):
    labels, reasons = sort_out(read_tad66k(FIXTURES / "tad66k"))
    assert {item: (label.mos, label.split) for item, label in labels.items()} == {
        "hs_yin152947873.jpg": (pytest.approx(0.1), "test"),
        "test1.jpg": (0.5, "test"),
        "comma, name.jpg": (1.0, "train"),
    }
    assert reasons == {
        "train.csv:2": "duplicate_id",
        "train.csv:4": "out_of_range",
        "train.csv:5": "not_a_number",
        "train.csv:6": "not_a_number",
        "train.csv:7": "not_finite",
    }
    other = tmp_path / "part.csv"
    other.write_text("image,score\na.jpg,5\n")
    assert next(read_tad66k(other)).split is None


@pytest.mark.parametrize("read", [read_para, read_tad66k])
def test_a_folder_without_the_files_is_one_error(tmp_path, read):
    with pytest.raises(DatasetFormatError, match="holds none of"):
        list(read(tmp_path))


def test_ava_scores_are_means_of_votes():
    labels, reasons = sort_out(read_ava(AVA))
    assert {item: (label.mos_raw, label.raters) for item, label in labels.items()} == {
        "953619.jpg": (pytest.approx(699 / 124), 124),
        "953958.jpg": (1.0, 10),
        "954184.jpg": (10.0, 10),
    }
    assert labels["953958.jpg"].mos == 0.0 and labels["954184.jpg"].mos == 1.0
    assert all(label.split is None for label in labels.values())
    assert reasons == {
        "AVA.txt:4": "no_votes",
        "AVA.txt:6": "wrong_column_count",
        "AVA.txt:7": "out_of_range",
        "AVA.txt:8": "not_a_count",
        "AVA.txt:9": "unsafe_path",
        "AVA.txt:10": "bad_id",
        "AVA.txt:11": "duplicate_id",
    }


def test_ava_takes_the_split_from_the_official_list(tmp_path):
    labels, _ = sort_out(read_ava(AVA, FIXTURES / "ava" / "generic_test.jpgl"))
    assert {item: label.split for item, label in labels.items()} == {
        "953619.jpg": "train",
        "953958.jpg": "test",
        "954184.jpg": "test",
    }
    for content in ("", "953958.jpg\n"):
        wrong = tmp_path / "list.jpgl"
        wrong.write_text(content)
        with pytest.raises(DatasetFormatError, match="no list of image ids"):
            list(read_ava(AVA, wrong))


@pytest.mark.parametrize("content", ["", "image,score\na.jpg,5\n", "{}\n"])
def test_another_file_is_not_ava(tmp_path, content):
    path = tmp_path / "AVA.txt"
    path.write_text(content)
    with pytest.raises(DatasetFormatError, match=r"AVA\.txt as it is distributed"):
        list(read_ava(path))
