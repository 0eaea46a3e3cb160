"""MMPerspective: questions that have exactly one right letter."""

import pytest

from joppo.data.datasets import DatasetFormatError, Label, Reject
from joppo.data.datasets.mmperspective import (
    Question,
    read_mmperspective,
    read_mmperspective_photos,
)
from tests.data.datasets.reading import FIXTURES

UGLY = FIXTURES / "mmperspective" / "questions.jsonl"


def test_questions_have_their_options_in_letter_order():
    questions = [result for result in read_mmperspective(UGLY) if isinstance(result, Question)]
    assert questions == [
        Question(
            "q1", "a.jpg", "VPP", "Where do the lines meet?", ("left", "right", "center"), "B"
        ),
        Question("2", "a.jpg", "PTR", "How many vanishing points?", ("one", "two"), "A", "g1"),
    ]


def test_each_unusable_line_has_its_reason():
    rejects = [result for result in read_mmperspective(UGLY) if isinstance(result, Reject)]
    assert {reject.item.split(":")[1]: reject.reason for reject in rejects} == {
        "4": "bad_answer",
        "5": "bad_options",
        "6": "bad_options",
        "7": "bad_options",
        "8": "unsafe_path",
        "9": "missing_value",
        "10": "duplicate_id",
        "11": "not_json",
        "12": "bad_text",
        "13": "bad_answer",
    }


def test_each_photo_is_named_once_for_ingestion():
    labels = [one for one in read_mmperspective_photos(UGLY) if isinstance(one, Label)]
    assert labels == [Label("a.jpg", "mmperspective", split="test")]


@pytest.mark.parametrize("content", ['[{"id": "q1"}]', "id,image\n", "[\n"])
def test_another_file_is_one_error(tmp_path, content):
    path = tmp_path / "questions.jsonl"
    path.write_text(content)
    with pytest.raises(DatasetFormatError, match="does not start with a JSON object"):
        list(read_mmperspective(path))
