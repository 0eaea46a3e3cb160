"""A plan that adds up."""

import pytest

from joppo.data.reasoning.config import ReasoningConfig, Route
from joppo.data.reasoning.plan_cost import Workload, measure_prompts, plan_cost, requests_by_teacher
from joppo.data.teachers.base import ImageRef, make_request
from joppo.data.teachers.config import Price, ProviderConfig, TeachersConfig
from joppo.data.teachers.pricing import UnknownPriceError

GPT = ProviderConfig(
    name="gpt", provider="openai", model="gpt-4o", requests_per_minute=500, concurrency=64
)
GEMINI = ProviderConfig(
    name="gemini", provider="gemini", model="gemini-2.5-flash", tokens_per_minute=1_000_000
)
QWEN = ProviderConfig(
    name="qwen",
    provider="openai-compatible",
    model="Qwen2.5-VL-72B",
    base_url="http://host/v1",
    price=Price(input=0, output=0),
    concurrency=8,
)
TEACHERS = TeachersConfig(providers=(GPT, GEMINI, QWEN))
ADDED = ("requests", "prompt_tokens", "completion_tokens", "cost_usd", "images", "disk_gb")


def test_rows_add_up_for_full_picd_with_three_teachers() -> None:
    work = Workload(
        photos=36_857, synthetic=12_000, requests={"gpt": 60_000, "gemini": 50_000, "qwen": 36_571}
    )
    *rows, total = plan_cost(TEACHERS, work)
    assert [row.item for row in rows[:3]] == ["gpt", "gemini", "qwen"]
    for column in ADDED:
        assert getattr(total, column) == pytest.approx(sum(getattr(row, column) for row in rows))
    assert total.requests == 146_571
    assert total.images == 36_857 * 3 + 12_000
    assert total.hours == max(row.hours for row in rows) > 0
    assert total.as_row()["item"] == "total"


def test_one_line_by_hand() -> None:
    gpt, *_ = plan_cost(
        TEACHERS,
        Workload(photos=1, requests={"gpt": 1000}, prompt_chars=4000, answer_tokens=200),
    )
    # 768 x 512 px: 2 x 1 tiles of 170 and 85; 1000 tokens of text, 32 of form.
    assert gpt.prompt_tokens == 1000 * (2 * 170 + 85 + 1000 + 32)
    assert gpt.completion_tokens == 200_000
    assert gpt.cost_usd == pytest.approx((gpt.prompt_tokens * 2.5 + 200_000 * 10) / 1e6)
    assert gpt.hours == pytest.approx(max(1000 / 500, 1000 * 8 / 60 / 64) / 60)


def test_hours_follow_the_slowest_limit() -> None:
    def hours(**limits: object) -> float:
        config = GPT.model_copy(update={"requests_per_minute": None, **limits})
        teachers = TeachersConfig(providers=(config,))
        return plan_cost(teachers, Workload(photos=0, requests={"gpt": 6000}))[0].hours

    assert hours(concurrency=1) == pytest.approx(6000 * 8 / 3600)
    assert hours(requests_per_minute=1.0) == pytest.approx(100.0)
    tokens = plan_cost(TEACHERS, Workload(photos=0, requests={"gpt": 6000}))[0]
    both = tokens.prompt_tokens + tokens.completion_tokens
    assert hours(tokens_per_minute=100.0) == pytest.approx(both / 6000)


def test_nothing_to_do_costs_nothing() -> None:
    *_, total = plan_cost(TEACHERS, Workload(photos=0))
    assert all(getattr(total, column) == 0 for column in (*ADDED, "hours"))


def test_unknown_price_or_teacher_is_said() -> None:
    strange = GPT.model_copy(update={"model": "gpt-99"})
    with pytest.raises(UnknownPriceError, match="gpt-99"):
        plan_cost(TeachersConfig(providers=(strange,)), Workload(photos=1, requests={"gpt": 1}))
    with pytest.raises(KeyError, match="known"):
        plan_cost(TEACHERS, Workload(photos=1, requests={"nobody": 1}))


def test_requests_follow_the_routes() -> None:
    routes = (Route(teacher="gpt", weight=2.0), Route(teacher="gemini"), Route(teacher="qwen"))
    one = requests_by_teacher(ReasoningConfig(routes=routes), TEACHERS, 1000)
    assert set(one) == {"gpt", "gemini", "qwen"}
    assert sum(one.values()) == pytest.approx(3000, abs=2)  # a question of each task
    assert one["gpt"] > one["gemini"] > 500
    every = requests_by_teacher(
        ReasoningConfig(routes=routes, teachers_per_question=3), TEACHERS, 1000
    )
    assert every == {"gpt": 3000, "gemini": 3000, "qwen": 3000}
    offline = requests_by_teacher(ReasoningConfig(), TEACHERS, 10)
    assert offline == {"grounded": 30}
    *_, total = plan_cost(TEACHERS, Workload(photos=10, requests=offline))
    assert (total.requests, total.cost_usd) == (30, 0.0)
    with pytest.raises(ValueError, match="nobody"):
        requests_by_teacher(ReasoningConfig(routes=(Route(teacher="nobody"),)), TEACHERS, 10)


def test_prompts_are_measured() -> None:
    photo = ImageRef.of(b"x")
    requests = [
        make_request(provider="p", model="m", template_id="t", prompt="x" * n, images=(photo,) * k)
        for n, k in ((10, 1), (30, 2))
    ]
    assert measure_prompts(requests) == (20.0, 1.5)
    with pytest.raises(ValueError, match="no request"):
        measure_prompts([])
