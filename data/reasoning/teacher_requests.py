"""A question -> the request to a teacher: prompt, photos, and context for offline teachers."""

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from joppo.data.photos.claims import claims
from joppo.data.photos.measure import Facts
from joppo.data.questions.prompts import SYSTEM, visual_prompt
from joppo.data.questions.question import Question, Subject, category_name
from joppo.data.reasoning.config import ReasoningConfig, Route
from joppo.data.reasoning.make_question import perspective_truth
from joppo.data.store.hashing import unit_interval
from joppo.data.store.store import Store
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import KIND_TEXTS
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.data.teachers.base import ImageRef, TeacherRequest, make_request
from joppo.data.teachers.context import Context
from joppo.data.teachers.providers import version_params


def routes_for(template_id: str, image_id: str, config: ReasoningConfig) -> list[Route]:
    """The teachers that answer a question, drawn by weight, without repetition.

    The draw is a function of content hashes and the seed. Each route gets an exponential variate
    with its weight as rate, and the smallest ones are taken, so that a route that is added takes
    questions over and moves no other.
    """
    able = [r for r in config.routes if any(fnmatchcase(template_id, p) for p in r.templates)]

    def variate(route: Route) -> float:
        uniform = unit_interval(
            "route", route.provider, route.model, template_id, image_id, config.seed
        )
        return -math.log1p(-uniform) / route.weight

    return sorted(able, key=variate)[: config.teachers_per_question]


def build_request(
    question: Question,
    subject: Subject,
    origin: str | None,
    route: Route,
    facts: Mapping[str, Facts],
    store: Store,
    config: ReasoningConfig,
) -> TeacherRequest:
    """The request that asks one teacher a question.

    Args:
        question: what is asked.
        subject: the photo asked about; of a comparison, photo A.
        origin: what a synthetic photo was made from, in words.
        route: the teacher.
        facts: image id -> measured facts, for all photos of the question.
        store: where the photos lie; they are read when the request is sent.
        config: whether the label is given to the teacher.
    """
    photos = question.subjects(subject)
    names = ["the photo"] if len(photos) == 1 else ["photograph A", "photograph B"]
    reveal = config.reveal_label
    prompt = visual_prompt(
        question.text,
        question.truth if reveal else "the answer",
        label=_label_text(question, photos, names, config) if reveal else None,
        facts=[(name, facts[p.id]) for name, p in zip(names, photos, strict=True)],
        origin=origin,
    )
    return make_request(
        provider=route.provider,
        model=route.model,
        template_id=question.template.key,
        prompt=prompt,
        system=SYSTEM,
        images=tuple(_reference(photo, store) for photo in photos),
        params=route.params | version_params(route.provider),
        form=question.form,
        context=Context(question, subject, tuple(claims(facts[photo.id]) for photo in photos)),
        image_id=subject.id,
    )


def describe_origin(synthesis: Mapping[str, Any] | None) -> str | None:
    """What a synthetic photo was made from; prompts of synthesis are the pipeline's own words."""
    if not synthesis:
        return None
    category = CATEGORIES.get(synthesis.get("category") or 0)
    text = f"rendered by a diffusion model from the {synthesis['control']} map of a photo"
    if category:
        text += f" with the composition {category_name(category)}"
    return f'{text}; asked for: "{synthesis["prompt"]}"'


def _reference(photo: Subject, store: Store) -> ImageRef:
    uri = str(photo.image["uri"])
    return ImageRef(photo.id, lambda: store.read_bytes(uri))


def _label_text(
    question: Question, photos: Sequence[Subject], names: list[str], config: ReasoningConfig
) -> str:
    """What the labels state about the task, in words, and the right answer."""
    task = question.template.task
    lines = [
        f"- {name}: {line}"
        for name, photo in zip(names, photos, strict=True)
        for line in _label_lines(photo, task, config)
    ]
    answer = question.truth
    if question.meaning != question.truth:
        answer += f" ({question.meaning})"
    return "\n".join([*lines, f"- The right answer is {answer}."])


def _label_lines(photo: Subject, task: str, config: ReasoningConfig) -> list[str]:
    if task == "composition":
        categories = [CATEGORIES[c] for c in photo.categories]
        return [f"composition {category_name(c)}, that is, {c.definition}" for c in categories]
    if task == "perspective":
        kind = perspective_truth(photo.label, "kind")
        vanishing = perspective_truth(photo.label, "vanishing")
        horizon = perspective_truth(photo.label, "horizon")
        lines = [f"perspective: {KIND_TEXTS[kind]}"] if kind else []
        lines += [f"main vanishing point: {vanishing}"] if vanishing else []
        return lines + ([f"horizon: {horizon}"] if horizon else [])
    lines = [] if photo.mos is None else [f"mean rating {photo.mos:.2f} on a scale from 0 to 1"]
    # The rubric's attributes alone, which are those in [-1, 1]; and what is kept out of the corpus
    # must not enter it through a teacher's text.
    names = set(load_rubric(config.rubric).names) if config.aesthetic_attributes else set()
    rated = [pair for pair in sorted(photo.attributes.items()) if pair[0] in names]
    return lines + [f"{name.replace('_', ' ')} {value:+.2f} from -1 to 1" for name, value in rated]
