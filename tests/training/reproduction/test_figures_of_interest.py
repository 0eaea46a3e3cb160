"""A figure is taken from the first set that measures it."""

from joppo.training.evaluation.over_seeds import FigureName
from joppo.training.reproduction.figures_of_interest import (
    ATTRIBUTES,
    PERSPECTIVE,
    TOTAL,
    MeasuredFigures,
    only,
)
from tests.training.reproduction.experiment import by_seed, figure, row

MMP = FigureName("mmperspective", "", "mmp_overall", "", "worst")


def test_the_first_set_in_the_order_of_the_config() -> None:
    totals = [figure(TOTAL, name) for name in ("ava", "cadb")]
    variants = {"a": {0: [row(one, 0.5) for one in totals]}}
    measured = MeasuredFigures(["picd", "cadb", "ava"], variants)
    assert measured.on_first_set(TOTAL) == figure(TOTAL, "cadb")
    assert [one.set for one in measured.on_every_set(TOTAL)] == ["cadb", "ava"]
    assert measured.on_first_set(ATTRIBUTES) is None


def test_mmperspective_stands_for_perspective() -> None:
    measured = MeasuredFigures(["mmperspective"], {"a": {0: [row(MMP, 0.4)]}})
    assert measured.on_first_set(PERSPECTIVE) == MMP
    both = {"a": {0: [row(MMP, 0.4), row(figure(PERSPECTIVE, "mmperspective"), 0.3)]}}
    assert MeasuredFigures(["mmperspective"], both).on_first_set(PERSPECTIVE) == figure(
        PERSPECTIVE, "mmperspective"
    )


def test_differences_between_judges_are_no_figure() -> None:
    versus = {**row(figure(TOTAL), 0.1), "versus": "b"}
    assert MeasuredFigures(["mine"], {"a": {0: [versus]}}).on_first_set(TOTAL) is None
    kept = only({0: [versus, row(figure(TOTAL), 0.5)], 1: []}, [figure(TOTAL)])
    assert kept == {0: [row(figure(TOTAL), 0.5)], 1: []}


def test_one_variant_is_enough_to_know_a_figure() -> None:
    variants = {"a": {}, "b": by_seed(figure(TOTAL), [0.5])}
    assert MeasuredFigures(["mine"], variants).on_first_set(TOTAL) == figure(TOTAL)
