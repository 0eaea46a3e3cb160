"""Requests: routing by weight and hash, what the prompt says, what its id depends on."""

from collections import Counter
from typing import Any

import pytest

from joppo.data.photos.claims import claims
from joppo.data.photos.measure import measure
from joppo.data.questions.prompts import fact_lines, score_prompt
from joppo.data.questions.question import Subject
from joppo.data.questions.template_pool import load_templates
from joppo.data.reasoning.config import ReasoningConfig, Route
from joppo.data.reasoning.make_question import make_question
from joppo.data.reasoning.teacher_requests import build_request, describe_origin, routes_for
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric, load_rubric
from joppo.data.teachers.config import ProviderConfig, TeachersConfig
from tests.data.pictures import dot, item, land

POOL = {t.id: t for t in load_templates()}
STORE = Store("memory://requests")
GPT, QWEN, GEMINI = (Route(provider="openai", model=name) for name in ("gpt", "qwen", "gemini"))


def _ids(count: int) -> list[str]:
    return [sha256(str(n).encode()) for n in range(count)]


def _request(name: str = "composition-choice-plain", route: Route = GPT, **config: Any):
    one = item(STORE, 3, categories=[8])
    subject = Subject(one.image, one.label)
    settings = ReasoningConfig(**config)
    question = make_question(POOL[name], subject, load_rubric(), settings)
    assert question is not None
    facts = {subject.id: measure(land(0.5))}
    return question, build_request(question, subject, None, route, facts, STORE, settings)


def test_shares_follow_the_weights() -> None:
    heavy = GPT.model_copy(update={"weight": 3.0})
    config = ReasoningConfig(routes=(heavy, QWEN))
    chosen = Counter(routes_for("t", i, config)[0].model for i in _ids(2000))
    assert 1400 < chosen["gpt"] < 1600


def test_a_new_teacher_takes_questions_over_and_moves_no_other() -> None:
    before, after = (ReasoningConfig(routes=r) for r in ((GPT, QWEN), (GPT, QWEN, GEMINI)))
    pairs = [
        (routes_for("t", i, before)[0].model, routes_for("t", i, after)[0].model) for i in _ids(600)
    ]
    assert all(old == new or new == "gemini" for old, new in pairs)
    assert 130 < sum(new == "gemini" for _, new in pairs) < 270


def test_several_teachers_answer_the_same_question_once_each() -> None:
    config = ReasoningConfig(routes=(GPT, QWEN, GEMINI), teachers_per_question=2)
    for image_id in _ids(50):
        models = [route.model for route in routes_for("t", image_id, config)]
        assert len(models) == len(set(models)) == 2


def test_a_route_may_be_limited_to_templates() -> None:
    limited = GPT.model_copy(update={"templates": ("aesthetic-*",)})
    config = ReasoningConfig(routes=(limited, QWEN))
    assert {routes_for("composition-x", i, config)[0].model for i in _ids(50)} == {"qwen"}
    assert routes_for("perspective-x", "0", ReasoningConfig(routes=(limited,))) == []


def test_routes_take_the_parameters_of_their_teachers() -> None:
    gpt = ProviderConfig(name="a", provider="openai", model="gpt", temperature=0.2)
    teachers = TeachersConfig(providers=(gpt,))
    own = Route(teacher="a", weight=2, params={"temperature": 0.9})
    config = ReasoningConfig(routes=(own, GPT, Route())).with_teachers(teachers)
    by_name, by_model, offline = config.routes
    assert (by_name.provider, by_name.model, by_name.weight) == ("openai", "gpt", 2)
    assert by_name.params["temperature"] == 0.9 and by_name.params["image_size"] == 768
    assert by_model.params == gpt.params() and offline.params == {}


@pytest.mark.parametrize("route", [Route(teacher="nobody"), QWEN])
def test_a_route_to_nobody_is_an_error(route: Route) -> None:
    gpt = ProviderConfig(name="a", provider="openai", model="gpt")
    with pytest.raises(ValueError, match="no such teacher is configured; there are: a"):
        ReasoningConfig(routes=(route,)).with_teachers(TeachersConfig(providers=(gpt,)))
    with pytest.raises(ValueError, match="there are: none"):
        ReasoningConfig(routes=(route,)).with_teachers(None)


def test_the_visual_prompt_is_complete() -> None:
    question, request = _request()
    assert question.text in request.prompt
    assert "Horizontal Middle Part, that is, a horizontal line divides" in request.prompt
    assert f"<answer>{question.truth}</answer>" in request.prompt
    assert "straight boundary at: 0.50 from the top" in request.prompt
    assert request.template_id == "composition-choice-plain@1"
    assert [r.image_id for r in request.images] == [request.image_id]
    assert sha256(request.images[0].load()) == request.image_id


def test_a_hidden_label_is_hidden() -> None:
    question, request = _request("composition-open-name", reveal_label=False)
    assert "right answer" not in request.prompt and "divides the frame" not in request.prompt
    assert "<answer>the answer</answer>" in request.prompt
    assert request.prompt.count("Horizontal Middle Part") == question.text.count(
        "Horizontal Middle Part"
    )


def test_ids_depend_on_what_is_sent() -> None:
    ids = {
        _request()[1].request_id,
        _request(route=QWEN)[1].request_id,
        _request(route=GPT.model_copy(update={"params": {"temperature": 0}}))[1].request_id,
        _request("composition-choice-student")[1].request_id,
        _request(reveal_label=False)[1].request_id,
    }
    assert len(ids) == 5
    assert _request()[1].request_id == _request()[1].request_id
    heavier = GPT.model_copy(update={"weight": 2.0})
    assert _request(route=heavier)[1].request_id == _request()[1].request_id


@pytest.mark.parametrize(
    "name, words",
    [
        ("aesthetic-open-score", "mean rating"),
        ("perspective-open-kind", "one-point perspective"),
    ],
)
def test_each_task_tells_what_it_needs(name: str, words: str) -> None:
    one = item(STORE, 3, perspective="one-point", vanishing_x=0.5, vanishing_y=0.5)
    subject = Subject(one.image, one.label)
    question = make_question(POOL[name], subject, load_rubric(), ReasoningConfig())
    assert question is not None
    facts = {subject.id: measure(dot(0.5, 0.5))}
    request = build_request(question, subject, None, GPT, facts, STORE, ReasoningConfig())
    assert words in request.prompt
    assert ("composition Single" in request.prompt) is False


def test_fact_lines_carry_numbers_and_words() -> None:
    facts = measure(land(0.25))
    text = fact_lines(facts)
    for aspect in ("saturation", "symmetry", "detail"):
        assert f"({claims(facts)[aspect]})" in text
    assert "brown 75%" in text and "blue 25%" in text


def test_origin_of_synthetic_photos() -> None:
    assert describe_origin(None) is None
    text = describe_origin({"control": "depth", "prompt": "a pier", "category": 8})
    assert text is not None and "depth map" in text and "Horizontal Middle Part" in text


def test_the_score_prompt_follows_the_rubric() -> None:
    rubric = Rubric(name="quality", attributes={"noise": "freedom from noise"})
    text = score_prompt(rubric)
    assert "- noise: freedom from noise" in text
    assert "<answer>Score: value, noise: value</answer>" in text


def test_attributes_kept_from_the_corpus_are_kept_from_teachers() -> None:
    _, open_request = _request("aesthetic-open-total")
    _, kept = _request("aesthetic-open-total", aesthetic_attributes=False)
    assert "depth of field" in open_request.prompt
    assert "depth of field" not in kept.prompt and "mean rating" in kept.prompt
