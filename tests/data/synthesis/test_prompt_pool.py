import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.store.hashing import content_hash
from joppo.data.synthesis.prompt_pool import (
    POOL_FILE,
    PromptPoolError,
    all_phrases,
    contradiction,
    load_pool,
)
from joppo.data.taxonomy.categories import CATEGORIES

KEYS = st.integers().map(lambda number: content_hash(number))


@given(st.sampled_from(sorted(CATEGORIES)), KEYS)
def test_no_prompt_states_another_arrangement_a_side_or_a_number(category, key):
    prompt = load_pool().prompt(category, key)
    subject = prompt.split(",")[0]
    assert contradiction(subject, category) is None
    assert not re.search(r"\b(left|right|two|three|four|\d+)\b", subject)


@given(st.sampled_from(sorted(CATEGORIES)), KEYS)
def test_a_key_always_draws_the_same_prompt(category, key):
    assert load_pool().prompt(category, key) == load_pool().prompt(category, key)


def test_a_still_life_has_no_weather():
    pool = load_pool()
    prompts = {pool.prompt(19, content_hash(n)) for n in range(60)}
    ropes = [p for p in prompts if "rope" in p]
    assert ropes and all("still life" in p for p in ropes)
    assert any("summer" in p for p in prompts)


def test_prompts_vary():
    pool = load_pool()
    assert len({pool.prompt(3, content_hash(n)) for n in range(200)}) > 80


def test_what_contradicts_is_named():
    assert contradiction("boats in a row on calm water", 7) is None
    why = contradiction("boats in a row on calm water", 15)
    assert why is not None and "in a row" in why and "triangle" in why


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pool: pool["subjects"].pop(), r"no subject for categories \[24\]"),
        (lambda pool: pool["subjects"][2]["outdoor"].append("people in a row"), "in a row"),
        (lambda pool: pool.update(mood="gloomy"), "mood"),
        (lambda pool: pool.pop("negative"), "negative"),
    ],
)
def test_a_pool_that_cannot_be_used_says_why(tmp_path, change, message):
    values = yaml.safe_load(POOL_FILE.read_text())
    change(values)
    file = tmp_path / "pool.yaml"
    file.write_text(yaml.safe_dump(values))
    with pytest.raises(PromptPoolError, match=message) as caught:
        load_pool(file)
    assert str(file) in str(caught.value)


def test_all_phrases_hold_every_word_of_every_prompt():
    words = {word for phrase in all_phrases() for word in re.findall(r"\w+", phrase)}
    pool = load_pool()
    for category in CATEGORIES:
        for number in range(20):
            found = set(re.findall(r"\w+", pool.prompt(category, content_hash(number))))
            assert found <= words | {"of"}
