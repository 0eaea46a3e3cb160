"""Composes reasoning from a label and from what `data.claims` allows to be said about a photo.

Every sentence comes from the wording files beside this module; which one is taken depends on a
content hash alone. What was claimed is returned beside the text, so that it can be held against the
photo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joppo.data.questions.choices import shuffled
from joppo.data.questions.template_pool import render
from joppo.data.store.hashing import unit_interval
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.perspective import ABSENT, HORIZON_TEXTS, OUTSIDE
from joppo.data.teachers.grounded.clash_rules import LAYOUT, tellable
from joppo.data.teachers.grounded.plain import plain_aspects, plain_clause
from joppo.data.teachers.grounded.words import wording

STRONG = 0.25  # attributes beyond this are a strength or a weakness


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing said about a photo: 0 is the first photo, 1 the second."""

    photo: int
    aspect: str
    value: str


@dataclass(frozen=True, slots=True)
class Composition:
    """A reasoning text and everything that it claims about measured facts."""

    text: str
    claims: tuple[Claim, ...]


def compose(
    key: str,
    context: Mapping[str, Any],
    *,
    max_facts: int = 4,
    exclude: bool = True,
    max_attributes: int | None = None,
    plain: bool = False,
) -> Composition:
    """Write the reasoning of one request.

    Args:
        key: content hash that decides between wordings.
        context: `claims` (aspect -> value, one mapping per photo), `label` (categories,
            perspective, mos, attributes) and `question` (task, topic, form, kind, truth, meaning,
            wrong, definitions, target, attributes).
        max_facts: most clauses about measured facts; 0 for none.
        exclude: whether to say why one of the other options does not fit.
        max_attributes: most sentences about attributes, the strongest opinions first; None says
            one about each.
        plain: for a score, the barest grounds alone (`data.teachers.plain`).
    """
    writer = _Writer(key, context, max_facts, max_attributes)
    if plain and context["question"]["kind"] == "score":
        return writer.plain()
    return writer.write(exclude)


class _Writer:
    def __init__(
        self, key: str, context: Mapping[str, Any], max_facts: int, max_attributes: int | None
    ) -> None:
        self.key = key
        self.max_facts, self.max_attributes = max_facts, max_attributes
        self.question: Mapping[str, Any] = context["question"]
        self.label: Mapping[str, Any] = context["label"]
        self.photos: Sequence[Mapping[str, str]] = context["claims"]
        self.said: list[Claim] = []

    def write(self, exclude: bool) -> Composition:
        if self.question["form"] == "comparative":
            body = [*self._both(), *self._comparison()]
        elif self._coin("order"):
            body = [*self._facts("first"), *self._evidence()]
        else:
            body = [*self._evidence(), *self._facts("later")]
        if exclude:
            body += self._exclusion()
        text = " ".join(_sentence(part) for part in [*body, self._conclusion()])
        return Composition(text, tuple(self.said))

    def plain(self) -> Composition:
        """The facts of `data.teachers.plain` and nothing else."""
        claims = self.photos[0]
        aspects = plain_aspects(tellable(claims, self.question["task"], self.label))
        self.said = [Claim(0, aspect, claims[aspect]) for aspect in aspects]
        text = " ".join(_sentence(plain_clause(aspect, claims)) for aspect in aspects)
        return Composition(text, tuple(self.said))

    def _pick(self, options: Sequence[str], *slot: Any) -> str:
        return options[int(unit_interval(self.key, "pick", *slot) * len(options))]

    def _coin(self, *slot: Any) -> bool:
        return unit_interval(self.key, "coin", *slot) < 0.5

    def _aspects(self, photo: int) -> list[str]:
        """Aspects that may be named, in the order of this text."""
        usable = tellable(self.photos[photo], self.question["task"], self.label)
        ordered = shuffled(usable, self.key, photo)
        # Two statements about the layout at most leave room for light and colour.
        layout = [aspect for aspect in ordered if aspect in LAYOUT][:2]
        return [aspect for aspect in ordered if aspect not in LAYOUT or aspect in layout]

    def _clause(self, photo: int, aspect: str) -> str:
        value = self.photos[photo][aspect]
        self.said.append(Claim(photo, aspect, value))
        words = wording("facts")[aspect]
        if aspect != "color":
            return self._pick(words[value], photo, aspect)
        second = self.photos[photo].get("color_2")
        if second is None:
            return render(self._pick(words["one"], photo, aspect), color=value)
        self.said.append(Claim(photo, "color_2", second))
        return render(self._pick(words["two"], photo, aspect), color=value, color_2=second)

    def _facts(self, place: str) -> list[str]:
        """Two to four clauses about the photo, in one or two sentences."""
        count = min(self.max_facts, 2 + int(unit_interval(self.key, "count") * 3))
        clauses = [self._clause(0, aspect) for aspect in self._aspects(0)[:count]]
        pairs = [clauses[i : i + 2] for i in range(0, len(clauses), 2)]
        sentences = [self._join(pair, i) for i, pair in enumerate(pairs)]
        if sentences:
            lead = self._pick(wording("frame")["lead"][place], "lead")
            sentences[0] = render(lead, s=sentences[0])
        return sentences

    def _join(self, clauses: Sequence[str], *slot: Any) -> str:
        if len(clauses) == 1:
            return clauses[0]
        return render(
            self._pick(wording("frame")["pairs"], "pair", *slot), a=clauses[0], b=clauses[1]
        )

    def _evidence(self) -> list[str]:
        task, topic = self.question["task"], self.question["topic"]
        if task == "aesthetic":
            return self._quality()
        options = _reasons(task, topic, self.question["meaning"], self.label)
        sentence = render(self._pick(options, "evidence"), truth=self.question["meaning"])
        return [render(self._pick(wording("frame")["evidence"][task], "how"), s=sentence)]

    def _quality(self) -> list[str]:
        """Sentences for the attributes that the answer rests on, then one about the whole."""
        words, topic = wording("aesthetic"), self.question["topic"]
        names = list(self.question["attributes"])
        if self.max_attributes is not None:
            values = self.label["attributes"]
            loudest = sorted(names, key=lambda n: -abs(values[n]))[: self.max_attributes]
            names = [name for name in names if name in loudest]
        if topic in ("strongest", "weakest"):
            names = [self.question["meaning"].replace(" ", "_")]
        sentences = []
        for name in names:
            value = self.label["attributes"][name]
            level = "strong" if value > STRONG else "weak" if value < -STRONG else "fair"
            options = words["attributes"].get(name, words["other"])[level]
            sentences.append(render(self._pick(options, name), name=name.replace("_", " ")))
        if topic in ("score", "total", "band"):
            sentences.append(self._pick(words["whole"][_level(self.label["mos"])], "whole"))
        return sentences

    def _exclusion(self) -> list[str]:
        """Why one of the other options does not fit."""
        wrong = self.question["wrong"]
        if not wrong:
            return []
        name, topic = self._pick(wrong, "wrong"), self.question["topic"]
        kinds = {"category": "category", "band": "band"}
        kinds |= dict.fromkeys(("strongest", "weakest"), "attribute")
        option = self._pick(wording("frame")["exclude"][kinds.get(topic, "perspective")], "exclude")
        return [render(option, name=name, definition=self.question["definitions"].get(name, ""))]

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
        letter = self.question["truth"]
        target = self.question["target"]
        option = self._pick(wording("frame")["compare"][self.question["topic"]], "compare")
        return [
            render(
                option,
                letter=letter,
                other="B" if letter == "A" else "A",
                definition=CATEGORIES[target].definition if target else "",
            )
        ]

    def _conclusion(self) -> str:
        form = self.question["form"]
        kind = "compare" if form == "comparative" else self.question["kind"]
        if kind == "term":
            kind = self.question["task"]
        option = self._pick(wording("frame")["conclude"][kind], "conclude")
        return render(option, letter=self.question["truth"], name=self.question["meaning"])


def _reasons(task: str, topic: str, meaning: str, label: Mapping[str, Any]) -> Sequence[str]:
    """The sentences that state why the right answer is right."""
    if task == "composition":
        return list(wording("composition")[label["categories"][0]])
    words = wording("perspective")[topic]
    if topic == "kind":
        return list(words[label["perspective"]])
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
