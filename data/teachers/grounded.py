"""The grounded teacher: offline, free and deterministic.

It composes reasoning from the label and from what `data.claims` allows to be said about measured
facts. Every sentence comes from the wording files beside this module; which one is taken depends on
the request's content hash alone. What was claimed is returned beside the text, so that it can be
held against the photo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from data.answer_format import completion
from data.categories import CATEGORIES
from data.choices import shuffled
from data.hashing import content_hash, unit_interval
from data.teachers.base import TeacherAnswer, TeacherRequest
from data.template_pool import render

WORDING = Path(__file__).parent / "wording"
STRONG = 0.25  # attributes beyond this are a strength or a weakness
# A claim that a reader could take as speaking against the arrangement is left out.
_CLASHES: dict[str, set[tuple[str, str]]] = {
    "centered": {("weight_x", "left"), ("weight_x", "right"), ("weight_y", "upper"),
                 ("weight_y", "lower"), ("spread", "wide")},
    "rule of thirds": {("weight_x", "center"), ("symmetry", "symmetric"), ("spread", "wide")},
    "dense": {("detail", "sparse"), ("spread", "compact")},
    "pattern": {("spread", "compact")},
    "scatter": {("spread", "compact")},
}  # fmt: skip
_LAYOUT = ("weight_x", "weight_y", "spread", "symmetry", "detail", "format")


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


@cache
def wording(name: str) -> Any:
    """Content of `wording/<name>.yaml`."""
    return yaml.safe_load((WORDING / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def wording_version() -> str:
    """Hash of all wording files: other words are another teacher."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(WORDING.glob("*.yaml"))]
    return content_hash(texts)[:12]


class GroundedTeacher:
    """The offline teacher behind the protocol of `data.teachers.base`.

    `request.context` holds `claims` (aspect -> value, one mapping per photo), `label` (the `labels`
    row) and `question` (task, topic, form, kind, truth, meaning, wrong, target).
    """

    provider = "grounded"

    def __init__(self, model: str = "grounded-1") -> None:
        self.model = model

    async def ask(self, request: TeacherRequest) -> TeacherAnswer:
        return self.answer(request)

    def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """The answer, without waiting for anything."""
        composed = compose(request.request_id, request.context)
        truth = request.context["question"]["truth"]
        reply = completion(composed.text, truth)
        return TeacherAnswer("ok", "stop", reply, provider=self.provider, model=request.model)


def compose(key: str, context: Mapping[str, Any]) -> Composition:
    """Write the reasoning of one request; `key` decides between wordings."""
    return _Writer(key, context).write()


class _Writer:
    def __init__(self, key: str, context: Mapping[str, Any]) -> None:
        self.key = key
        self.question: Mapping[str, Any] = context["question"]
        self.label: Mapping[str, Any] = context["label"]
        self.photos: Sequence[Mapping[str, str]] = context["claims"]
        self.said: list[Claim] = []

    def write(self) -> Composition:
        if self.question["form"] == "comparative":
            body = [self._both(), *self._comparison()]
        else:
            facts, reasons = self._facts(), self._evidence()
            body = [*facts, *reasons] if self._coin("order") else [*reasons, *facts]
            body += self._exclusion()
        text = " ".join(_sentence(part) for part in [*body, self._conclusion()])
        return Composition(text, tuple(self.said))

    def _pick(self, options: Sequence[str], *slot: Any) -> str:
        return options[int(unit_interval(self.key, "pick", *slot) * len(options))]

    def _coin(self, *slot: Any) -> bool:
        return unit_interval(self.key, "coin", *slot) < 0.5

    def _aspects(self, photo: int) -> list[str]:
        """Aspects that may be named, in the order of this text; color_2 goes with color."""
        claims = self.photos[photo]
        category = (self.label.get("categories") or [0])[0]
        arrangement = CATEGORIES[category].arrangement if category in CATEGORIES else ""
        clashes = _CLASHES.get(arrangement, set())
        # Words about lines and boundaries belong to the label alone: a measured edge direction
        # may run against the line that makes the composition or the horizon.
        silent = {"color_2", "lines", "boundary"}
        if arrangement == "rule of thirds" and "weight_x" in claims:
            silent.add("weight_y")
        usable = [
            aspect
            for aspect, value in claims.items()
            if aspect not in silent and (aspect, value) not in clashes
        ]
        ordered = shuffled(usable, self.key, photo)
        # One statement about the layout at most leaves room for light and colour.
        layout = [aspect for aspect in ordered if aspect in _LAYOUT][:2]
        return [aspect for aspect in ordered if aspect not in _LAYOUT or aspect in layout]

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

    def _facts(self) -> list[str]:
        """Two to four clauses about the photo, in one or two sentences."""
        count = 2 + int(unit_interval(self.key, "count") * 3)
        clauses = [self._clause(0, aspect) for aspect in self._aspects(0)[:count]]
        pairs = [clauses[i : i + 2] for i in range(0, len(clauses), 2)]
        sentences = [self._join(pair, i) for i, pair in enumerate(pairs)]
        if sentences:
            lead = self._pick(wording("frame")["lead"], "lead")
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
        if task == "composition":
            options = wording("composition")[self.label["categories"][0]]
        elif topic == "vanishing":
            meaning = self.question["meaning"]
            case = {"outside the frame": "outside"}.get(
                meaning, "absent" if meaning.startswith("nowhere") else "region"
            )
            options = wording("perspective")["vanishing"][case]
        elif topic == "kind":
            options = wording("perspective")["kind"][self.label["perspective"]]
        else:
            options = wording("perspective")["horizon"][self.question["meaning"]]
        sentence = render(self._pick(options, "evidence"), truth=self.question["meaning"])
        return [render(self._pick(wording("frame")["evidence"], "how"), s=sentence)]

    def _quality(self) -> list[str]:
        """A sentence for each known attribute where attributes are asked for, then the whole."""
        words = wording("aesthetic")
        sentences = []
        for name in self.question["attributes"]:
            value = self.label["attributes"][name]
            level = "strong" if value > STRONG else "weak" if value < -STRONG else "fair"
            options = words["attributes"].get(name, words["other"])[level]
            plain = name.replace("_", " ")
            sentences.append(render(self._pick(options, name), name=plain))
        if self.question["topic"] in ("score", "total", "band"):
            sentences.append(self._pick(words["whole"][_level(self.label["mos"])], "whole"))
        return sentences

    def _exclusion(self) -> list[str]:
        """Why one of the other options does not fit."""
        wrong = self.question["wrong"]
        if not wrong:
            return []
        name = self._pick(wrong, "wrong")
        kind = "category" if self.question["task"] == "composition" else "other"
        definition = self.question["definitions"].get(name, "")
        option = self._pick(wording("frame")["exclude"][kind], "exclude")
        return [render(option, name=name, definition=definition)]

    def _both(self) -> str:
        """One or two clauses on each photo of a comparison, on the same aspects if possible."""
        shared = [a for a in self._aspects(0) if a in self.photos[1]]
        different = [a for a in shared if self.photos[0][a] != self.photos[1][a]] or shared
        sides = []
        for photo in (0, 1):
            own = [a for a in different if a in self._aspects(photo)] or self._aspects(photo)
            clauses = [self._clause(photo, aspect) for aspect in own[:2]]
            sides.append(self._join(clauses, "both", photo) if clauses else "little stands out")
        return render(self._pick(wording("frame")["compare"]["both"], "sides"), a=sides[0],
                      b=sides[1])  # fmt: skip

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
        option = self._pick(wording("frame")["conclude"][kind], "conclude")
        return render(option, letter=self.question["truth"], name=self.question["meaning"])


def _level(mos: float) -> str:
    if mos >= 0.75:
        return "excellent"
    return "good" if mos >= 0.55 else "ordinary" if mos >= 0.35 else "poor"


def _sentence(text: str) -> str:
    """First letter upper case, one full stop at the end."""
    text = text.strip().rstrip(".")
    return text[:1].upper() + text[1:] + "."
