"""Prompt texts: the answer form, the rubric, and the comprehensive visual prompt for teachers.

Only label values, our own sentences and measured numbers enter a prompt. File names and text
metadata of a photo never do: they may contain instructions of strangers.
"""

from collections.abc import Sequence
from functools import cache

from joppo.data.photos.claims import claims
from joppo.data.photos.measure import Facts
from joppo.data.questions.answer_format import TOTAL, AnswerFormat
from joppo.data.questions.template_pool import FOLDER, load_templates, render
from joppo.data.taxonomy.rubrics import Rubric

PROMPT_VERSION = 2
"""Raised when the wording of the prompts changes, here or in `visual_prompt.j2`; part of the
reasoning stage's RECIPE_VERSION."""
SYSTEM = (
    "You are an experienced photographer and teacher. You look closely, reason from what is "
    "visible, and answer in exactly the form that is asked for."
)
VISUAL_PROMPT = FOLDER / "visual_prompt.j2"
SCORE_TEMPLATE = "aesthetic-open-score"


def answer_instruction(form: AnswerFormat) -> str:
    """How the answer has to look: the same words in every prompt that asks for this form."""
    opening = "Write your reasoning as <think>reasoning</think>, then "
    if form.kind == "choice":
        letters = f"{', '.join(form.names[:-1])} or {form.names[-1]}"
        return f"{opening}the letter alone ({letters}) as <answer>letter</answer>."
    if form.kind == "term":
        return f"{opening}the name alone as <answer>name</answer>."
    items = ", ".join(f"{name}: value" for name in form.items)
    ranges = f"{TOTAL} from 0 to 1"
    if form.names:
        ranges += ", the others from -1 to 1"
    # The order alone would be enough for a trained judge; an endpoint is given the reason for it.
    last = form.names and form.order == "attributes_first"
    aggregate = f" Weigh the other values up into {TOTAL}, which comes last." if last else ""
    return f"{opening}<answer>{items}</answer> with {ranges}, two decimals.{aggregate}"


def rubric_lines(rubric: Rubric) -> str:
    """`- name: description`, one attribute a line."""
    return "\n".join(f"- {name}: {text}" for name, text in rubric.attributes.items())


def score_form(rubric: Rubric) -> AnswerFormat:
    """The form of a full score: a total and all attributes of the rubric, in the rubric's order."""
    return AnswerFormat("score", tuple(rubric.names), rubric.order)


def score_prompt(rubric: Rubric) -> str:
    """The prompt that asks for a photo's score: in preferences, in evaluation and in scoring."""
    template = next(t for t in load_templates() if t.id == SCORE_TEMPLATE)
    return render(
        template.text,
        rubric=rubric_lines(rubric),
        attributes=", ".join(rubric.names),
        answer_form=answer_instruction(score_form(rubric)),
    )


def fact_lines(facts: Facts) -> str:
    """Measured facts as lines for a prompt: numbers, and the words that they support."""
    claimed = claims(facts)
    colors = ", ".join(f"{c.name} {c.share:.0%}" for c in facts.palette)
    rows = [
        ("brightness", f"{facts.brightness:.2f} of 1", "tone"),
        ("contrast", f"{facts.contrast:.2f} of 0.5", "contrast"),
        ("saturation", f"{facts.saturation:.2f} of 1", "saturation"),
        ("red minus blue", f"{facts.temperature:+.2f}", "temperature"),
        ("colors by share", colors or "none prevails", ""),
        (
            "center of attention",
            f"{facts.salient_x:.2f} from the left, {facts.salient_y:.2f} from the top",
            "",
        ),
        ("left-right mirror correlation", f"{facts.symmetry:+.2f}", "symmetry"),
        ("edges on", f"{facts.edge_density:.0%} of the frame", "detail"),
    ]
    if facts.sharpness is not None:
        rows.append(("edge sharpness", f"{facts.sharpness:.2f} of 0.5", "sharpness"))
    if facts.horizon is not None:
        rows.append(("straight boundary at", f"{facts.horizon:.2f} from the top", ""))
    return "\n".join(
        f"- {name}: {value}" + (f" ({claimed[aspect]})" if aspect in claimed else "")
        for name, value, aspect in rows
    )


def visual_prompt(
    question: str,
    answer: str,
    *,
    label: str | None,
    facts: Sequence[tuple[str, Facts]],
    origin: str | None = None,
) -> str:
    """The comprehensive visual prompt that a teacher gets together with the photo.

    Args:
        question: the user text that the student sees.
        answer: the right answer, or a placeholder where the teacher is not to see it.
        label: what the label states, in words; None where the teacher is not to see it.
        facts: (which photo, its facts), one entry a photo, in the order of the images.
        origin: what a synthetic photo was made from.
    """
    return render(
        _visual_text(),
        question=question,
        answer=answer,
        label=label,
        origin=origin,
        facts=[(heading, fact_lines(measured)) for heading, measured in facts],
    )


@cache
def _visual_text() -> str:
    return VISUAL_PROMPT.read_text(encoding="utf-8")
