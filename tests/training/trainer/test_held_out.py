"""The small evaluation inside training uses the figures of the large one."""

import math

import pytest

from joppo.training.judges.answers import Judgement
from joppo.training.trainer.held_out import score_figures


def judgement(total: float | None) -> Judgement:
    return (
        Judgement(math.nan, (), None, "missing_tag")
        if total is None
        else Judgement(total, (), "…", None)
    )


def test_an_answer_that_failed_ranks_last() -> None:
    rows = [{"mos": mos} for mos in (0.1, 0.2, 0.3, 0.4)]
    good = [(row, judgement(row["mos"])) for row in rows]
    assert score_figures(good) == {"srcc_total": pytest.approx(1.0)}
    failed = [*good[:3], (rows[3], judgement(None))]
    assert score_figures(failed) == {"srcc_total": pytest.approx(-0.2)}


@pytest.mark.parametrize("totals", [[0.5, 0.5, 0.5], [0.1, 0.9]])
def test_what_is_undefined_is_absent(totals: list[float]) -> None:
    assert score_figures([({"mos": n}, judgement(t)) for n, t in enumerate(totals)]) == {}
