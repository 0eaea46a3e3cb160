"""Scores as the mean of several drawn answers: finer, and surer, than a single answer.

A judge that was rewarded for good comparisons of drawn answers may give most photos the same
likeliest total; what tells its photos apart is then the distribution, and its mean is an estimate
of the expected score.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import fmean

from joppo.training.judges.answers import Judgement
from joppo.training.judges.judge import Judge, Question, Reply, SamplingJudge
from joppo.training.judges.parse_reply import lasting


def mean_name(name: str, samples: int) -> str:
    """A judge as tables name it: the mean of n draws is another judge than the one answer."""
    return f"{name}*{samples}" if samples else name


def mean_judge(judge: SamplingJudge, samples: int) -> Judge:
    """The judge itself where `samples` is 0, else one whose scores are means of so many draws."""
    return MeanJudge(judge, samples) if samples else judge


def mean_reply(replies: Sequence[Reply]) -> Reply:
    """Several drawn answers to one score question as one.

    Those in form count: mean of total and attributes, the words of the answer nearest to the mean.
    With none in form the reply is the first one, with the most frequent reason.

    Raises:
        ValueError: there is no reply.
    """
    if not replies:
        raise ValueError("there is no mean of no replies")
    good = [reply for reply in replies if reply.judgement.ok]
    if not good:
        reasons = Counter(reply.judgement.reason for reply in replies)
        first = replies[0]
        reason = reasons.most_common(1)[0][0]
        return replace(first, judgement=replace(first.judgement, reason=reason))
    total = fmean(reply.judgement.total for reply in good)
    columns = zip(*(reply.judgement.attributes for reply in good), strict=True)
    nearest = min(good, key=lambda reply: math.fabs(reply.judgement.total - total))
    attributes = tuple(fmean(column) for column in columns)
    return replace(nearest, judgement=Judgement(total, attributes, nearest.judgement.text, None))


class MeanJudge:
    """A judge whose score is the mean of `samples` draws; other questions get its one answer."""

    def __init__(self, judge: SamplingJudge, samples: int) -> None:
        """
        Raises:
            ValueError: `samples` is below 1.
        """
        if samples < 1:
            raise ValueError(f"at least one sample is needed, got {samples}")
        self.judge, self.samples = judge, samples
        self.name = mean_name(judge.name, samples)

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        """One reply per question, in their order; questions of one kind that follow one another
        are worked on together.

        Where a provider failed to give one of the draws, the reply is that failure: a mean of the
        others would be another one when it is asked again.
        """
        for scored, run in groupby(questions, key=_is_score):
            if scored:
                for replies in self.judge.sample(run, self.samples):
                    failed = [one for one in replies if one.tries and not lasting([one])]
                    yield failed[0] if failed else mean_reply(replies)
            else:
                yield from self.judge.ask(run)


def _is_score(question: Question) -> bool:
    return question.form.kind == "score"
