"""The answer contract: what parses, and the reason of everything that does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.questions.answer_format import (
    AnswerError,
    AnswerFormat,
    completion,
    format_score,
    parse_answer,
    parse_completion,
)

NAMES = ("composition", "color", "light", "depth_of_field", "content")
SCORE = AnswerFormat("score", NAMES)
CHOICE = AnswerFormat("choice", ("A", "B", "C", "D"))
TERM = AnswerFormat("term", ("one-point", "none"))
GOOD = "Score: 0.82, composition: 0.40, color: -0.10, light: 0.30, depth_of_field: 0, content: .55"


def test_a_score() -> None:
    reasoning, answer = parse_completion(f"<think>why</think><answer>{GOOD}</answer>", SCORE)
    assert reasoning == "why" and answer.total == 0.82
    assert answer.attributes == dict(zip(NAMES, (0.4, -0.1, 0.3, 0.0, 0.55), strict=True))


def test_a_choice_and_a_term() -> None:
    assert parse_answer(" C ", CHOICE).choice == "C"
    assert parse_answer("one-point", TERM).term == "one-point"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "empty_answer"),
        (GOOD.replace("0.82", "0,82"), "decimal_comma"),
        (GOOD.replace("0.82", "1.2"), "out_of_range"),
        (GOOD.replace("0.82", "-0.1"), "out_of_range"),
        (GOOD.replace("-0.10", "-1.01"), "out_of_range"),
        (GOOD.replace("0.40", "high"), "non_numeric"),
        (GOOD.replace("0.40", "nan"), "non_numeric"),
        (GOOD.replace("0.40", "inf"), "non_numeric"),
        (GOOD.replace("0.40", "4e-1"), "non_numeric"),
        (GOOD.replace("0.40", "٠.٤"), "non_numeric"),
        (GOOD.replace("0.40", "0.4/1"), "non_numeric"),
        (GOOD.replace("0.40", ""), "non_numeric"),
        (GOOD + ", light: 0.1", "duplicate_name"),
        (GOOD + ", sharpness: 0.1", "unknown_name"),
        (GOOD + ",", "malformed_item"),
        (GOOD.replace("Score: 0.82, ", ""), "missing_name"),
        (GOOD.replace(", light: 0.30", ""), "missing_name"),
        (GOOD.replace("Score:", "score:"), "unknown_name"),
        ("0.82", "malformed_item"),
    ],
)
def test_scores_that_do_not_parse(text: str, reason: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_answer(text, SCORE)
    assert caught.value.reason == reason and caught.value.detail


@pytest.mark.parametrize("text", ["c", "E", "AB", "C)", "A, B", "The answer is A"])
def test_choices_that_do_not_parse(text: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_answer(text, CHOICE)
    assert caught.value.reason == "not_a_choice"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("<answer>A</answer>", "missing_tag"),
        ("<think>x</think>A", "missing_tag"),
        ("<think>x</think><answer>A", "missing_tag"),
        ("<think>x</think><answer>A</answer><answer>B</answer>", "duplicate_tag"),
        ("<think>x</think><think>y</think><answer>A</answer>", "duplicate_tag"),
        ("<answer>A</answer><think>x</think>", "malformed_blocks"),
        ("Sure! <think>x</think><answer>A</answer>", "malformed_blocks"),
        ("<think>x</think><answer>A</answer> done", "malformed_blocks"),
        ("<think>x</think><answer> </answer>", "empty_answer"),
        ("<think>x<answer>A</think></answer>", "malformed_blocks"),
    ],
)
def test_blocks_that_do_not_parse(text: str, reason: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_completion(text, CHOICE)
    assert caught.value.reason == reason


def test_white_space_and_line_breaks_are_free() -> None:
    reasoning, answer = parse_completion(
        "\n<think>\nline one\nline two\n</think>\n\n<answer>\nB\n</answer>\n", CHOICE
    )
    assert reasoning == "line one\nline two" and answer.choice == "B"


unit = st.floats(0, 1)
signed = st.floats(-1, 1)


@given(unit, st.lists(signed, min_size=5, max_size=5))
def test_what_is_written_is_read(total: float, values: list[float]) -> None:
    text = format_score(total, dict(zip(NAMES, values, strict=True)))
    assert "-0.00" not in text
    _, answer = parse_completion(completion("because", text), SCORE)
    assert answer.total == pytest.approx(total, abs=0.0051)
    assert list(answer.attributes.values()) == pytest.approx(values, abs=0.0051)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    for form in (SCORE, CHOICE, TERM):
        try:
            _, answer = parse_completion(text, form)
        except AnswerError as error:
            assert error.reason.replace("_", "").isalpha()
        else:
            assert answer.text
