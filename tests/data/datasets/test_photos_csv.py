"""Own photos with a CSV file, and OASIS, which is one."""

import pytest
from pydantic import ValidationError

from joppo.data.datasets import DatasetFormatError
from joppo.data.datasets.oasis import read_oasis
from joppo.data.datasets.photos_csv import ColumnMapping, read_photos_csv
from joppo.data.datasets.summary import summarize
from tests.data.datasets.reading import FIXTURES, sort_out

OWN = FIXTURES / "photos" / "own.csv"
MAPPING = ColumnMapping.model_validate(
    {
        "image": "file",
        "delimiter": ";",
        "mos": "Score",
        "scale": [0, 100],
        "raters": "Votes",
        "categories": "theme",
        "category_values": {"sea": [8, 9], "city": [14]},
        "perspective": "view",
        "vanishing_x": "vx",
        "horizon": "horizon",
        "split": "part",
        "attributes": {"light": {"column": "Licht", "low": 0, "high": 10}},
    }
)


def test_columns_are_read_as_mapped():
    labels, _ = sort_out(read_photos_csv(OWN, MAPPING, dataset="mine"))
    assert set(labels) == {"b.jpg", "sub/c.jpg", "h.jpg", "i.jpg"}
    label = labels["b.jpg"]
    assert (label.dataset, label.mos, label.mos_raw, label.raters) == ("mine", 0.75, 75.0, 3)
    assert (label.categories, label.perspective, label.split) == ((8, 9), "one-point", "validation")
    assert (label.vanishing_x, label.vanishing_y, label.horizon) == (1.5, None, None)
    assert label.attributes == {"light": 1.0}
    assert labels["sub/c.jpg"].raters is None and labels["sub/c.jpg"].attributes == {}


def test_an_empty_cell_is_unknown_and_takes_nothing_with_it():
    labels, _ = sort_out(read_photos_csv(OWN, MAPPING))
    unnamed, unscored = labels["h.jpg"], labels["i.jpg"]
    assert (unnamed.categories, unnamed.element, unnamed.mos) == ((), None, 0.5)
    assert (unscored.categories, unscored.mos, unscored.mos_raw) == ((8, 9), None, None)


@pytest.mark.parametrize("empty", ["", "  "])
def test_categories_may_be_ids_or_empty(tmp_path, empty):
    (tmp_path / "own.csv").write_text(
        f"image;picd;mos\na.jpg;13,8;{empty}\nb.jpg;{empty};nan\n;8;1\n"
    )
    mapping = ColumnMapping(delimiter=";", categories="picd", mos="mos", scale=(0, 1))
    labels, reasons = sort_out(read_photos_csv(tmp_path / "own.csv", mapping))
    assert {item: (one.categories, one.mos) for item, one in labels.items()} == {
        "a.jpg": ((13, 8), None)
    }
    assert reasons == {"own.csv:3": "not_finite", "own.csv:4": "missing_id"}


def test_each_unusable_row_has_its_reason():
    _, reasons = sort_out(read_photos_csv(OWN, MAPPING))
    assert reasons == {
        "own.csv:2": "not_a_number",
        "own.csv:5": "unknown_category",
        "own.csv:6": "unknown_value",
        "own.csv:7": "unknown_value",
        "own.csv:8": "out_of_range",
        "own.csv:11": "out_of_range",
    }


def test_a_mapped_column_that_is_missing_is_one_error():
    with pytest.raises(DatasetFormatError, match="has no column image"):
        list(read_photos_csv(OWN))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"mos": "score"}, "mos needs scale"),
        ({"mos": "score", "scale": [10, 1]}, "low < high"),
        ({"category_values": {"sea": [8]}}, "category_values needs categories"),
        ({"categories": "c", "category_values": {"sea": [25]}}, "less than or equal to 24"),
        ({"attributes": {"light": {"column": "l", "low": 1, "high": 1}}}, "low must be less"),
        ({"attributes": {"Light": {"column": "l"}}}, "pattern"),
        ({"score": "mos"}, "Extra inputs"),
        ({"delimiter": "::"}, "at most 1 character"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(values, problem):
    with pytest.raises(ValidationError, match=problem):
        ColumnMapping.model_validate(values)


def test_oasis_states_beauty_and_feelings():
    labels, reasons = sort_out(read_oasis(FIXTURES / "oasis" / "ratings.csv"))
    label = labels["acorns_1.jpg"]
    assert (label.mos, label.mos_raw, label.raters) == (0.5, 4.0, 140)
    assert label.attributes == {"valence": 1.0, "arousal": -1.0}
    assert reasons == {
        "ratings.csv:3": "out_of_range",
        "ratings.csv:4": "not_a_count",
        "ratings.csv:5": "missing_value",
    }


def test_the_published_oasis_ratings_read_whole(real_data):
    summary = summarize(read_oasis(real_data / "oasis" / "ratings.csv"))
    assert (summary.labels, summary.mos_range) == (243, (2.17, 6.57))
    assert not summary.rejects


def test_oasis_themes_serve_as_categories_through_the_mapping(real_data):
    mapping = ColumnMapping(
        mos="beauty_mean",
        scale=(1, 7),
        raters="n",
        categories="category",
        category_values={"Animal": [4], "Object": [3], "Scenery": [9]},
    )
    summary = summarize(read_photos_csv(real_data / "oasis" / "ratings.csv", mapping))
    assert summary.labels == 243 and set(summary.categories) == {3, 4, 9}
