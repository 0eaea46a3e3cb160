"""A rubric is found by name, path or module, and enters hashes by its content."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from joppo.data.questions.prompts import score_prompt
from joppo.data.reasoning.config import ReasoningConfig
from joppo.data.registry import UnknownPartError
from joppo.data.taxonomy.rubrics import Rubric, built_in_rubrics, load_rubric

QUALITY = Rubric(name="quality", attributes={"noise": "freedom from noise", "focus": "sharp"})
ORDERS = ("total_first", "attributes_first")
YAML_PAIRS = [["noise", "freedom from noise"], ["focus", "sharp"]]
YAML = "name: quality\nattributes:\n  noise: freedom from noise\n  focus: sharp\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def test_every_built_in_rubric_is_read() -> None:
    assert "photography" in built_in_rubrics()
    for name in built_in_rubrics():
        assert load_rubric(name).name == name and load_rubric(name).names
    assert load_rubric().names == ["composition", "color", "light", "depth_of_field", "content"]


def test_a_rubric_by_path_and_by_module() -> None:
    Path("mine.yaml").write_text(YAML)
    Path("my_rubrics.py").write_text(
        "from joppo.data.taxonomy.rubrics import Rubric\n"
        "quality = Rubric(name='quality', attributes={'noise': 'freedom from noise', "
        "'focus': 'sharp'})\n"
    )
    for given in ("mine.yaml", str(Path("mine.yaml").absolute()), "my_rubrics:quality", QUALITY):
        assert load_rubric(given) == QUALITY
    with pytest.raises(UnknownPartError, match="no rubric 'none'; there are: photography"):
        load_rubric("none")
    with pytest.raises(UnknownPartError, match="my_rubrics has no other"):
        load_rubric("my_rubrics:other")
    with pytest.raises(FileNotFoundError, match=r"gone\.yaml"):
        load_rubric("gone.yaml")


def test_a_config_keeps_the_content_and_not_the_path() -> None:
    Path("mine.yaml").write_text(YAML)
    Path("copy.yaml").write_text(YAML)
    mine, copy = ReasoningConfig(rubric="mine.yaml"), ReasoningConfig(rubric="copy.yaml")
    assert mine.rubric == QUALITY and mine.hash() == copy.hash() != ReasoningConfig().hash()
    # The copy that goes to another process or machine needs no file.
    Path("mine.yaml").unlink()
    again = ReasoningConfig.model_validate(mine.as_dict())
    assert again == mine and load_rubric(again.rubric) == QUALITY
    assert ReasoningConfig().as_dict()["rubric"] == "photography"


def test_the_order_of_attributes_is_part_of_the_content() -> None:
    values = yaml.safe_load(YAML)
    turned = {**values, "attributes": dict(reversed(values["attributes"].items()))}
    one, other = (ReasoningConfig.model_validate({"rubric": v}) for v in (values, turned))
    assert one.hash() != other.hash()


@pytest.mark.parametrize(
    ("rubric", "words"),
    [
        ("none", "there are: photography"),
        ("gone.yaml", "no rubric file gone.yaml in"),
        ({"name": "bad", "attributes": {"Not a name": "text"}}, "should match pattern"),
        ({"name": "bad", "attributes": {"empty": " "}}, "at least 1 item"),
    ],
)
def test_a_config_with_no_such_rubric_is_refused(rubric: object, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ReasoningConfig.model_validate({"rubric": rubric})


def test_a_description_is_one_line() -> None:
    assert Rubric(name="r", attributes={"a": "two\n  lines\n"}).attributes == {"a": "two lines"}


def test_the_place_of_the_total_is_part_of_the_content() -> None:
    first, last = (Rubric(**{**QUALITY.as_dict(), "order": o}) for o in ORDERS)
    assert first == QUALITY and last != QUALITY
    configs = [ReasoningConfig(rubric=one) for one in (first, last)]
    assert configs[0].hash() != configs[1].hash()
    # Ids of rubrics that never heard of an order stay what they were.
    assert first.as_dict() == {"name": "quality", "attributes": YAML_PAIRS}
    assert Rubric.model_validate(last.as_dict()) == last
    assert score_prompt(first) != score_prompt(last)
    with pytest.raises(ValidationError, match="total_first"):
        Rubric(name="quality", attributes={}, order="any")
