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
    states_score,
    total_is_last,
)
from joppo.data.questions.prompts import answer_instruction

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


LAST = AnswerFormat("score", NAMES, "attributes_first")


def test_the_order_of_a_rubric_is_written_and_asked_for_and_either_is_read() -> None:
    values = {"a": -0.5, "b": 1.0}
    assert format_score(0.25, values) == "Score: 0.25, a: -0.50, b: 1.00"
    last = format_score(0.25, values, "attributes_first")
    assert last == "a: -0.50, b: 1.00, Score: 0.25"
    form = AnswerFormat("score", ("a", "b"), "attributes_first")
    assert "<answer>a: value, b: value, Score: value</answer>" in answer_instruction(form)
    # Nothing changes for the order that there was before.
    assert answer_instruction(AnswerFormat("score", ("a", "b"))) == (
        "Write your reasoning as <think>reasoning</think>, then <answer>Score: value, a: value, "
        "b: value</answer> with Score from 0 to 1, the others from -1 to 1, two decimals."
    )


@given(unit, st.permutations(range(5)), st.integers(0, 5), st.sampled_from([SCORE, LAST]))
def test_the_items_of_a_score_are_read_in_any_order(
    total: float, order: list[int], where: int, form: AnswerFormat
) -> None:
    items = [f"{NAMES[place]}: 0.{place}" for place in order]
    items.insert(where, f"Score: {total:.2f}")
    answer = parse_answer(", ".join(items), form)
    assert answer.total == pytest.approx(total, abs=0.0051)
    assert answer.attributes == {name: place / 10 for place, name in enumerate(NAMES)}
    assert list(answer.attributes) == list(NAMES)
    assert total_is_last(answer.text) == (where == 5)


@pytest.mark.parametrize(
    ("answer", "last", "scores"),
    [
        ("Score: 0.5", False, True),
        ("Score: 0.5, a: 0.1", False, True),
        ("a: 0.1, Score: 0.5", True, True),
        ("a: 0.1, b: 0.2", False, False),
        ("Score", False, False),
        ("C", False, False),
        ("one-point", False, False),
    ],
)
def test_where_a_total_stands(answer: str, last: bool, scores: bool) -> None:
    assert total_is_last(answer) == last and states_score(answer) == scores
