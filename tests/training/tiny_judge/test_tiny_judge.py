"""The embedded base judge loads as any model, speaks the answer form and sees."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from joppo.data.questions.answer_format import AnswerFormat, parse_completion
from joppo.data.questions.prompts import score_prompt
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.judges.answers import judge
from joppo.training.models.base_model import EMBEDDED_JUDGE
from joppo.training.tiny_judge.form_lessons import rate
from joppo.training.tiny_judge.lessons import FORM_KINDS, form_lesson
from joppo.training.tiny_judge.measure import probe
from joppo.training.tiny_judge.perception import SEEN, photo_patches, see_photos, train_tower
from joppo.training.tiny_judge.pretrain import PHASES, LessonBatches, encode, render_scenes
from joppo.training.tiny_judge.shape import make_model, make_processor, make_tokenizer
from joppo.training.tiny_judge.sight import Sight, see
from joppo.training.tiny_judge.sight_lessons import describe, look, place, shape
from joppo.training.trainer.held_out import complete

NAMES = load_rubric().names


@pytest.fixture(scope="module")
def sights() -> list[Sight]:
    """Scenes whose seeds pretraining never drew."""
    return [see(category, 7_000_000, 96) for category in range(1, 25, 2)]


@pytest.fixture(scope="module")
def shipped() -> tuple[Any, Any]:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    torch.set_num_threads(1)
    processor = AutoProcessor.from_pretrained(EMBEDDED_JUDGE)
    model = AutoModelForImageTextToText.from_pretrained(EMBEDDED_JUDGE, dtype=torch.float32)
    return model.eval(), processor


def test_shipped_classes_size_and_card(shipped: tuple[Any, Any]) -> None:
    model, processor = shipped
    assert type(model).__name__ == "Qwen2_5_VLForConditionalGeneration"
    assert type(processor).__name__ == "Qwen2_5_VLProcessor"
    assert sum(p.stat().st_size for p in Path(EMBEDDED_JUDGE).iterdir()) < 6_000_000
    assert not [p for p in Path(EMBEDDED_JUDGE).iterdir() if p.suffix in (".bin", ".pt", ".pkl")]
    assert "does not know" in (EMBEDDED_JUDGE / "README.md").read_text(encoding="utf-8")


def test_it_speaks_the_score_form(shipped: tuple[Any, Any], sights: list[Sight]) -> None:
    from PIL import Image

    prompts = [([Image.fromarray(s.image)], score_prompt(load_rubric())) for s in sights]
    texts = list(complete(*shipped, prompts, max_new_tokens=110))
    read = [judge(text, AnswerFormat("score", tuple(NAMES))) for text in texts]
    assert sum(j.ok for j in read) >= 10, texts


def test_it_sees_the_photo(shipped: tuple[Any, Any], sights: list[Sight]) -> None:
    """Captions are likelier beside their own photo than beside another one."""
    model, processor = shipped
    own = [describe(s, np.random.default_rng(i)) for i, s in enumerate(sights)]
    other = [
        type(lesson)(own[i - 1].image, lesson.prompt, lesson.answer) for i, lesson in enumerate(own)
    ]
    with torch.inference_mode():
        right, wrong = (float(model(**encode(lessons, processor)).loss) for lessons in (own, other))
    assert right < wrong - 0.05


def test_lessons_are_repeatable_and_in_form(sights: list[Sight]) -> None:
    rubric = load_rubric()
    first, second = (
        [form_lesson(kind, s, np.random.default_rng(1)) for s in sights for kind in FORM_KINDS]
        for _ in range(2)
    )
    assert [(a.prompt, a.answer) for a in first] == [(b.prompt, b.answer) for b in second]
    for sight in sights:
        lesson = rate(sight, np.random.default_rng(2), rubric)
        parse_completion(lesson.answer, AnswerFormat("score", tuple(NAMES)))


def test_taught_color_and_light_are_those_of_the_scene_and_nothing_else_is(
    sights: list[Sight],
) -> None:
    rubric, taught = load_rubric(), []
    for number, sight in enumerate(sights * 6):
        text = rate(sight, np.random.default_rng(number), rubric).answer
        _, answer = parse_completion(text, AnswerFormat("score", tuple(NAMES)))
        taught.append([answer.total, *(answer.attributes[n] for n in NAMES)])
    true = np.array([[s.attributes[n] for n in NAMES] for s in sights * 6])
    numbers = np.array(taught, float)
    related = {n: np.corrcoef(numbers[:, 1 + i], true[:, i])[0, 1] for i, n in enumerate(NAMES)}
    assert min(related["color"], related["light"]) > 0.8
    assert max(abs(related[n]) for n in ("composition", "depth_of_field", "content")) < 0.4


def test_sight_lessons_do_not_ask_where_things_stand(sights: list[Sight]) -> None:
    asked = {look(s, np.random.default_rng(i)).prompt for s in sights for i in range(8)}
    words = " ".join(asked).lower()
    assert not any(w in words for w in ("diagonal", "thirds", "symmetr", "horizon", "vertical"))


def test_a_new_judge_has_the_same_shape(shipped: tuple[Any, Any], sights: list[Sight]) -> None:
    tokenizer = make_tokenizer(["soft light and muted colors"] * 3, vocabulary=300)
    processor, model = make_processor(tokenizer), make_model(tokenizer, seed=0)
    batch = encode([describe(sights[0], np.random.default_rng(0))], processor)
    assert torch.isfinite(model(**batch).loss)
    again = make_model(tokenizer, seed=0)
    same = zip(model.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)


def test_parts_that_hold_the_subject_are_named_from_top_to_bottom(sights: list[Sight]) -> None:
    for sight in sights:
        answer = shape(sight, np.random.default_rng(0)).answer
        assert all(part in answer for part in sight.parts) or "nearly all parts" in answer
    assert len({sight.parts for sight in sights}) > 3


def test_a_part_is_named_by_the_pixels_alone() -> None:
    image = np.full((96, 96, 3), 90, np.uint8)
    image[:32, 64:] = 250
    sight = see(1, 7_000_000, 96)
    flat = type(sight)(
        "flat", image, sight.attributes, sight.words, sight.facts, sight.parts, sight.claims
    )
    asked = [place(flat, np.random.default_rng(i)) for i in range(40)]
    brightest = {one.answer for one in asked if "brightest" in one.prompt}
    assert brightest and all("upper right" in answer for answer in brightest)


def test_a_batch_depends_on_its_number_alone(shipped: tuple[Any, Any], sights: list[Sight]) -> None:
    for phase in PHASES:
        batches = LessonBatches(sights, shipped[1], phase, seed=3, steps=4)
        later, again = batches[2], batches[2]
        assert all(torch.equal(values, again[name]) for name, values in later.items())
        assert not torch.equal(later["labels"], batches[1]["labels"])


def test_the_tower_learns_what_stands_where() -> None:
    torch.set_num_threads(1)
    seen, cells = render_scenes(1, 7_100_000)
    tokenizer = make_tokenizer(["soft light"] * 3, vocabulary=300)
    processor, model = make_processor(tokenizer), make_model(tokenizer, seed=0)
    patches = photo_patches([sight.image for sight in seen], processor)
    known = np.array([[sight.attributes[name] for name in SEEN] for sight in seen])
    assert cells.shape == (24, 25, 14) and patches.shape[:2] == (24, 100)
    said: list[str] = []
    train_tower(model.model.visual, patches, cells, known, 50, 0, said.append)
    loss = float(said[-1].split("cells ")[1].split(",")[0])
    assert loss < 0.85
    tokens = see_photos(model.model.visual, patches)
    assert tokens.shape == (24, 25, 128)
    assert tokens.mean((0, 1)).abs().max() < 0.05 and (tokens.std((0, 1)) - 0.5).abs().max() < 0.05


def test_a_linear_probe_finds_what_is_linear_and_not_what_is_noise() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=400)
    told = np.eye(3)[labels] + 0.1 * rng.normal(size=(400, 3))
    noise = rng.normal(size=(400, 3))
    assert probe(told[:300], labels[:300], told[300:], labels[300:]) == 1
    assert probe(noise[:300], labels[:300], noise[300:], labels[300:]) < 0.55
