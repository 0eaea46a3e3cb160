"""Composes reasoning from a label and from the claims that a photo's measured facts support.

Every sentence comes from the wording files beside this module; which one is taken depends on a
content hash alone. The claims that were used are returned with the text, so that they can be
checked against the photo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joppo.data.questions.choices import shuffled
from joppo.data.questions.question import CATEGORY_NAMES, Subject
from joppo.data.questions.template_pool import render
from joppo.data.store.hashing import unit_interval
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import ABSENT, HORIZON_TEXTS, OUTSIDE
from joppo.data.teachers.context import Context
from joppo.data.teachers.grounded.clash_rules import LAYOUT, usable_aspects
from joppo.data.teachers.grounded.plain import plain_aspects, plain_clause
from joppo.data.teachers.grounded.words import wording

STRONG = 0.25
"""Attributes above this are a strength, below its negative a weakness."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A measured fact that the text states about a photo."""

    photo: int
    """0 for the first photo, 1 for the second"""
    aspect: str
    value: str


@dataclass(frozen=True, slots=True)
class Composition:
    """A reasoning text and all measured facts that it states."""

    text: str
    claims: tuple[Claim, ...]


def compose(
    key: str,
    context: Context,
    *,
    max_facts: int = 4,
    exclude: bool = True,
    max_attributes: int | None = None,
    plain: bool = False,
) -> Composition:
    """Write the reasoning of one request.

    Args:
        key: content hash that decides between wordings.
        context: the question with its answer, the label and the claims.
        max_facts: most clauses about measured facts; 0 for none.
        exclude: whether to state why one of the other options does not fit.
        max_attributes: most sentences about attributes, the strongest opinions first; None writes
            one about each.
        plain: for a score, the shortest reason alone (see `plain.py`).
    """
    writer = _Writer(key, context, max_facts, max_attributes)
    if plain and context.question.form.kind == "score":
        return writer.plain()
    return writer.write(exclude)


class _Writer:
    def __init__(
        self, key: str, context: Context, max_facts: int, max_attributes: int | None
    ) -> None:
        self.key = key
        self.max_facts, self.max_attributes = max_facts, max_attributes
        self.question, self.template = context.question, context.question.template
        self.subject, self.photos = context.subject, context.claims
        self.used: list[Claim] = []

    def write(self, exclude: bool) -> Composition:
        """Facts, evidence and conclusion; a comparison sets two photos side by side."""
        if self.template.form == "comparative":
            body = [*self._both(), *self._comparison()]
        elif self._coin("order"):
            body = [*self._facts("first"), *self._evidence()]
        else:
            body = [*self._evidence(), *self._facts("later")]
        if exclude:
            body += self._exclusion()
        text = " ".join(_sentence(part) for part in [*body, self._conclusion()])
        return Composition(text, tuple(self.used))

    def plain(self) -> Composition:
        """One fact about light, one about color, and nothing else."""
        claims, aspects = self.photos[0], plain_aspects(self._usable(0))
        used = tuple(Claim(0, aspect, claims[aspect]) for aspect in aspects)
        text = " ".join(_sentence(plain_clause(aspect, claims)) for aspect in aspects)
        return Composition(text, used)

    def _pick(self, options: Sequence[str], *slot: Any) -> str:
        return options[int(unit_interval(self.key, "pick", *slot) * len(options))]

    def _coin(self, *slot: Any) -> bool:
        return unit_interval(self.key, "coin", *slot) < 0.5

    def _usable(self, photo: int) -> list[str]:
        return usable_aspects(self.photos[photo], self.template.task, self.subject.categories)

    def _aspects(self, photo: int) -> list[str]:
        """Aspects that may be named, in the order of this text."""
        ordered = shuffled(self._usable(photo), self.key, photo)
        # At most two statements about the layout, to leave room for light and color.
        layout = [aspect for aspect in ordered if aspect in LAYOUT][:2]
        return [aspect for aspect in ordered if aspect not in LAYOUT or aspect in layout]

    def _clause(self, photo: int, aspect: str) -> str:
        value = self.photos[photo][aspect]
        self.used.append(Claim(photo, aspect, value))
        words = wording("facts")[aspect]
        if aspect != "color":
            return self._pick(words[value], photo, aspect)
        second = self.photos[photo].get("color_2")
        if second is None:
            return render(self._pick(words["one"], photo, aspect), color=value)
        self.used.append(Claim(photo, "color_2", second))
        return render(self._pick(words["two"], photo, aspect), color=value, color_2=second)

    def _facts(self, position: str) -> list[str]:
        """Two to four clauses about the photo, in one or two sentences.

        `position` is first or later: where in the text they stand.
        """
        count = min(self.max_facts, 2 + int(unit_interval(self.key, "count") * 3))
        clauses = [self._clause(0, aspect) for aspect in self._aspects(0)[:count]]
        pairs = [clauses[i : i + 2] for i in range(0, len(clauses), 2)]
        sentences = [self._join(pair, i) for i, pair in enumerate(pairs)]
        if sentences:
            lead = self._pick(wording("frame")["lead"][position], "lead")
            sentences[0] = render(lead, s=sentences[0])
        return sentences

    def _join(self, clauses: Sequence[str], *slot: Any) -> str:
        if len(clauses) == 1:
            return clauses[0]
        return render(
            self._pick(wording("frame")["pairs"], "pair", *slot), a=clauses[0], b=clauses[1]
        )

    def _evidence(self) -> list[str]:
        """What the right answer rests on."""
        task, meaning = self.template.task, self.question.meaning
        if task == "aesthetic":
            return self._quality()
        options = _reasons(task, self.template.topic, meaning, self.subject)
        sentence = render(self._pick(options, "evidence"), truth=meaning)
        return [render(self._pick(wording("frame")["evidence"][task], "how"), s=sentence)]

    def _quality(self) -> list[str]:
        """Sentences for the attributes that the answer rests on, then one about the whole."""
        words, topic = wording("aesthetic"), self.template.topic
        values, form = self.subject.attributes, self.question.form
        names = list(form.names) if form.kind == "score" else []
        if self.max_attributes is not None:
            clearest = sorted(names, key=lambda n: -abs(values[n]))[: self.max_attributes]
            names = [name for name in names if name in clearest]
        if topic in ("strongest", "weakest"):
            names = [self.question.meaning.replace(" ", "_")]
        sentences = []
        for name in names:
            value = values[name]
            level = "strong" if value > STRONG else "weak" if value < -STRONG else "fair"
            options = words["attributes"].get(name, words["other"])[level]
            sentences.append(render(self._pick(options, name), name=name.replace("_", " ")))
        if topic in ("score", "total", "band"):
            assert self.subject.mos is not None  # a score is only asked for where there is one
            sentences.append(self._pick(words["whole"][_level(self.subject.mos)], "whole"))
        return sentences

    def _exclusion(self) -> list[str]:
        """Why one of the other options does not fit."""
        wrong = self.question.wrong
        if not wrong:
            return []
        name, kind = self._pick(wrong, "wrong"), _EXCLUSIONS.get(self.template.topic, "perspective")
        option = self._pick(wording("frame")["exclude"][kind], "exclude")
        category = CATEGORY_NAMES.get(name)
        return [render(option, name=name, definition=_definition(category))]

    def _both(self) -> list[str]:
        """One or two clauses on each photo of a comparison, on the same aspects if possible."""
        if self.max_facts == 0:
            return []
        shared = [a for a in self._aspects(0) if a in self.photos[1]]
        different = [a for a in shared if self.photos[0][a] != self.photos[1][a]] or shared
        sides = []
        for photo in (0, 1):
            own = [a for a in different if a in self._aspects(photo)] or self._aspects(photo)
            clauses = [self._clause(photo, aspect) for aspect in own[: min(2, self.max_facts)]]
            sides.append(self._join(clauses, "both", photo) if clauses else "little stands out")
        option = self._pick(wording("frame")["compare"]["both"], "sides")
        return [render(option, a=sides[0], b=sides[1])]

    def _comparison(self) -> list[str]:
        letter = self.question.truth
        other = "B" if letter == "A" else "A"
        option = self._pick(wording("frame")["compare"][self.template.topic], "compare")
        definition = _definition(self.question.target)
        return [render(option, letter=letter, other=other, definition=definition)]

    def _conclusion(self) -> str:
        comparative = self.template.form == "comparative"
        kind: str = "compare" if comparative else self.question.form.kind
        if kind == "term":
            kind = self.template.task
        option = self._pick(wording("frame")["conclude"][kind], "conclude")
        return render(option, letter=self.question.truth, name=self.question.meaning)


# Topic of a question -> which sentences rule an option out; perspective for all others.
_EXCLUSIONS = {
    "category": "category",
    "band": "band",
    "strongest": "attribute",
    "weakest": "attribute",
}


def _definition(category: int | None) -> str:
    return "" if category is None else CATEGORIES[category].definition


def _reasons(task: str, topic: str, meaning: str, subject: Subject) -> Sequence[str]:
    """The sentences that state why the right answer is right."""
    if task == "composition":
        return list(wording("composition")[subject.categories[0]])
    words = wording("perspective")[topic]
    if topic == "kind":
        return list(words[subject.perspective])
    if topic == "vanishing":
        case = {OUTSIDE: "outside", ABSENT: "absent"}.get(meaning, "region")
        return list(words[case])
    return list(words[next(h for h, text in HORIZON_TEXTS.items() if meaning in (h, text))])


def _level(mos: float) -> str:
    if mos >= 0.75:
        return "excellent"
    return "good" if mos >= 0.55 else "ordinary" if mos >= 0.35 else "poor"


def _sentence(text: str) -> str:
    """First letter upper case, one full stop at the end."""
    text = text.strip().rstrip(".")
    return text[:1].upper() + text[1:] + "."
