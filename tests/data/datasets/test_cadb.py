"""CADB: which number is the total, and JSON that contradicts itself."""

import json
import shutil

import pytest

from joppo.data.datasets import DatasetFormatError
from joppo.data.datasets.cadb import read_cadb
from joppo.data.taxonomy.rubrics import load_rubric
from tests.data.datasets.reading import FIXTURES, sort_out

UGLY = FIXTURES / "cadb"
SCORES = "composition_scores.json"


def test_the_total_is_the_composition_mean_by_default():
    labels, _ = sort_out(read_cadb(UGLY))
    assert set(labels) == {"10003.jpg", "965.jpg", "plain.jpg"}
    first = labels["10003.jpg"]
    assert (first.mos_raw, first.raters, first.split) == (2.2, 5, "train")
    assert first.mos == pytest.approx(0.3)
    assert labels["965.jpg"].mos == 1.0 and labels["965.jpg"].split == "test"


def test_attributes_keep_their_scale_under_plain_names():
    labels, _ = sort_out(read_cadb(UGLY))
    assert labels["10003.jpg"].attributes == {
        "balancing_elements": -1.0,
        "color": pytest.approx((0.3 + 0.25) / 2),
        "color_harmony": 0.3,
        "composition": pytest.approx((2.2 - 3) / 2),
        "content": 0.6,
        "depth_of_field": -0.75,
        "light": 0.5,
        "motion_blur": 0.0,
        "object": -0.2,
        "repetition": 0.1,
        "rule_of_thirds": 1.0,
        "symmetry": 0.0,
        "vivid_color": 0.25,
    }
    assert set(labels["plain.jpg"].attributes) == {"composition"}


def test_every_attribute_of_the_rubric_is_there_whatever_the_total_is():
    for total in ("composition_mean", "aesthetic_score"):
        labels, _ = sort_out(read_cadb(UGLY, total))
        values = labels["10003.jpg"].attributes
        assert all(-1 <= values[name] <= 1 for name in load_rubric().names)
        assert values["composition"] == pytest.approx((2.2 - 3) / 2)


def test_each_unusable_entry_has_its_reason():
    _, reasons = sort_out(read_cadb(UGLY))
    assert reasons == {
        f"{SCORES}:3": "out_of_range",
        f"{SCORES}:4": "not_finite",
        f"{SCORES}:5": "missing_value",
        f"{SCORES}:6": "bad_record",
        f"{SCORES}:7": "ambiguous_split",
        f"{SCORES}:8": "missing_split",
        f"{SCORES}:10": "out_of_range",
        f"{SCORES}:11": "unsafe_path",
        f"{SCORES}:12": "duplicate_id",
        "composition_attributes.json:4": "missing_score",
    }


def test_the_total_may_be_the_aesthetic_score():
    labels, reasons = sort_out(read_cadb(UGLY, total="aesthetic_score"))
    assert {item: label.mos for item, label in labels.items()} == {
        "10003.jpg": 0.45,
        "965.jpg": 1.0,
        "only.jpg": 0.75,
    }
    assert all(label.raters is None for label in labels.values())
    assert reasons[f"{SCORES}:9"] == "missing_score"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("split.json", None, "no such file"),
        ("split.json", '{"train": []}', "no list 'test'"),
        (SCORES, "[1, 2]", "not a JSON object"),
        (SCORES, '{"a.jpg": {', "is not JSON"),
        (SCORES, "[" * 100_000, "is not JSON"),
    ],
)
def test_a_broken_part_is_one_error(tmp_path, name, content, problem):
    folder = tmp_path / "cadb"
    shutil.copytree(UGLY, folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content)
    with pytest.raises(DatasetFormatError, match=problem) as error:
        list(read_cadb(folder))
    assert name in str(error.value)


def test_record_numbers_are_those_of_the_file():
    places = sort_out(read_cadb(UGLY))[1]
    pairs = json.loads((UGLY / SCORES).read_text(), object_pairs_hook=list)
    assert pairs[2][0] == "out.jpg" and places[f"{SCORES}:3"] == "out_of_range"
