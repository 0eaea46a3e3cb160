"""Does the answer agree with the label? A disagreement drops the sample, never the label."""

from joppo.data.reasoning.checks.base import Failure, Sample


def agrees(sample: Sample) -> bool:
    """Whether the answer is one that the label allows; scores may differ by the tolerances."""
    question, answer, config = sample.question, sample.answer, sample.config
    if question.form.kind != "score":
        return answer.text in question.accepted
    mos, rated = sample.subject.mos, sample.subject.attributes
    if mos is None or answer.total is None:
        return False
    near = all(
        abs(answer.attributes[name] - rated[name]) <= config.attribute_tolerance
        for name in question.form.names
        if name in rated
    )
    return near and abs(answer.total - mos) <= config.score_tolerance


def agreement(sample: Sample) -> Failure | None:
    if agrees(sample):
        return None
    categories = sample.subject.categories
    where = f" (category {categories[0]})" if categories else ""
    return Failure(
        "disagrees_with_label",
        f"the answer {sample.answer.text!r} is not {sample.question.truth!r}{where}; look at the "
        "photo: teacher or label is wrong",
    )
